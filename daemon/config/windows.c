/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/config/node.h"
#include "daemon/config/rules.h"
#include "daemon/config/schema.h"
#include "daemon/config/value.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX (36500 * BR_DAY_MS)

/* A window with the place where it is written. */
struct window {
    int64_t length_ms;
    size_t index; /* in the list */
    unsigned line;
};

struct windows {
    struct br_faults *faults;
    struct window at[BR_WINDOWS_MAX];
    size_t count;
};

__attribute__((format(printf, 4, 5))) static void tell_item(struct windows *windows, size_t index,
                                                            unsigned line, const char *format, ...)
{
    char key[32], what[BR_WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(key, sizeof key, "windows[%zu]", index);
    br_faults_add(windows->faults, NULL, line, key, "%s", what);
}

/* Why no window can have this length, or NULL. A day is not 24 hours, hence it has to be written as one. */
static const char *length_fault(const char *text, int64_t length_ms)
{
    if (length_ms < 1000)
        return "is shorter than 1s";
    if (length_ms == BR_DAY_MS)
        return text[strlen(text) - 1] == 'd' ? NULL : "must be written 1d: a local day has 23 to 25 hours";
    if (length_ms > BR_HOUR_MS)
        return "is not possible: above 1h there is only 1d";
    return BR_HOUR_MS % length_ms == 0 ? NULL : "does not divide the hour";
}

/* Puts a window in its place by length. */
static void insert(struct windows *windows, struct window window)
{
    size_t place = windows->count++;
    for (; place > 0 && windows->at[place - 1].length_ms > window.length_ms; place--)
        windows->at[place] = windows->at[place - 1];
    windows->at[place] = window;
}

static bool is_known(const struct windows *windows, int64_t length_ms)
{
    for (size_t i = 0; i < windows->count; i++)
        if (windows->at[i].length_ms == length_ms)
            return true;
    return false;
}

/* An item that is no duration has been told already; one that stands twice in the same words as well. */
static void read_item(struct windows *windows, const struct br_node *item, size_t index)
{
    char why[BR_WHY_SIZE];
    struct window window = {.index = index, .line = item->line};
    const char *text = br_node_text(item);
    if (!text || !br_config_duration(text, &window.length_ms, why))
        return;
    const char *fault = length_fault(text, window.length_ms);
    if (fault)
        tell_item(windows, index, item->line, "%s %s", text, fault);
    else if (is_known(windows, window.length_ms))
        tell_item(windows, index, item->line, "%s is a window that the list has already", text);
    else if (windows->count == BR_WINDOWS_MAX)
        tell_item(windows, index, item->line, "there are at most %d windows", BR_WINDOWS_MAX);
    else
        insert(windows, window);
}

static void read_list(struct windows *windows, const struct br_node *list)
{
    for (size_t i = 0; list && list->type == BR_NODE_LIST && i < list->count; i++)
        read_item(windows, list->values[i], i);
}

static void read_windows(struct windows *windows, const struct br_config *config)
{
    const struct br_node *list = br_config_at(config, "windows");
    if (list) {
        read_list(windows, list);
        return;
    }
    struct br_node *usual = br_node_flow(br_config_row_find("", "windows")->fallback, windows->faults);
    read_list(windows, usual);
    br_node_close(usual);
    for (size_t i = 0; i < windows->count; i++)
        windows->at[i].line = 0;
}

static void check_chain(struct windows *windows)
{
    for (size_t i = 1; i < windows->count; i++) {
        const struct window *shorter = &windows->at[i - 1], *longer = &windows->at[i];
        char shorter_text[BR_VALUE_TEXT_SIZE], longer_text[BR_VALUE_TEXT_SIZE];
        if (longer->length_ms % shorter->length_ms == 0)
            continue;
        br_config_duration_text(shorter->length_ms, shorter_text);
        br_config_duration_text(longer->length_ms, longer_text);
        tell_item(windows, longer->index, longer->line, "%s is no multiple of %s, the next shorter window",
                  longer_text, shorter_text);
    }
}

static void keep_windows(struct br_config *config, const struct windows *windows)
{
    for (size_t i = 0; i < windows->count; i++) {
        char name[BR_VALUE_TEXT_SIZE];
        br_config_duration_text(windows->at[i].length_ms, name);
        config->windows[i].name = strdup(name);
        config->windows[i].length_ms = windows->at[i].length_ms;
        if (!config->windows[i].name)
            br_faults_add(windows->faults, NULL, 0, "windows", "no memory");
    }
    config->window_count = windows->count;
}

/* A protected cell is one min_window: longer windows are sums of whole cells. Told where min_window is
 * written, else at the window that does not fit the default. */
static void check_privacy(struct windows *windows, const struct br_config *config)
{
    const struct br_config_privacy *privacy = &config->privacy;
    const struct br_node *written = br_config_at(config, "privacy.min_window");
    char min_text[BR_VALUE_TEXT_SIZE], text[BR_VALUE_TEXT_SIZE];
    int64_t min_ms = privacy->min_window_ms;
    if (min_ms <= 0)
        return;
    br_config_duration_text(min_ms, min_text);
    if (written && BR_HOUR_MS % min_ms != 0) {
        br_faults_add(windows->faults, NULL, written->line, "privacy.min_window",
                      "%s does not divide the hour", min_text);
        return;
    }
    if (privacy->pedestrian_min <= 1 && privacy->round_to <= 1)
        return;
    for (size_t i = 0; i < windows->count; i++) {
        const struct window *window = &windows->at[i];
        if (window->length_ms < min_ms || window->length_ms % min_ms == 0)
            continue;
        br_config_duration_text(window->length_ms, text);
        if (written)
            br_faults_add(windows->faults, NULL, written->line, "privacy.min_window",
                          "the window %s is no multiple of %s", text, min_text);
        else
            tell_item(windows, window->index, window->line,
                      "%s is no multiple of privacy.min_window, which is %s by default", text, min_text);
    }
}

/* The finer, the shorter: about as many figures of each length up to the hour. */
static int64_t usual_keep_ms(int64_t length_ms)
{
    int64_t minute_ms = BR_HOUR_MS / 60;
    int64_t days = length_ms < 5 * minute_ms    ? 7
                   : length_ms < 15 * minute_ms ? 35
                   : length_ms < BR_HOUR_MS     ? 400
                                                : 3650;
    return days * BR_DAY_MS;
}

static void keep_for(struct br_config *config, int64_t length_ms, int64_t keep_ms)
{
    for (size_t i = 0; i < config->window_count; i++)
        if (config->windows[i].length_ms == length_ms)
            config->history_keep_ms[i] = keep_ms;
}

/* One pair of history.keep. A length that is no window of this configuration is no fault: windows may come
 * and go. */
static void read_keep(struct br_config *config, const struct br_node *keep, size_t index,
                      struct br_faults *faults)
{
    char key[96], why[BR_WHY_SIZE] = "";
    int64_t length_ms = 0, keep_ms = 0;
    const char *name = keep->keys[index], *text = br_node_text(keep->values[index]);
    unsigned line = keep->values[index]->line;
    snprintf(key, sizeof key, "history.keep.%.64s", name);
    if (!br_config_duration(name, &length_ms, why))
        br_faults_add(faults, NULL, keep->key_lines[index], key, "this is no window: %s", why);
    else if (length_fault(name, length_ms))
        br_faults_add(faults, NULL, keep->key_lines[index], key, "this is no window: %s %s", name,
                      length_fault(name, length_ms));
    else if (!text && keep->values[index]->type != BR_NODE_SCALAR)
        br_faults_add(faults, NULL, line, key, "must be a duration");
    else if (text && !br_config_duration(text, &keep_ms, why))
        br_faults_add(faults, NULL, line, key, "%s", why);
    else if (text && (keep_ms < length_ms || keep_ms > KEEP_MAX))
        br_faults_add(faults, NULL, line, key, "%s is out of range: it must be from %s to 36500d", text,
                      name);
    else if (text)
        keep_for(config, length_ms, keep_ms);
}

static bool same_length(const char *left, const char *right)
{
    char why[BR_WHY_SIZE];
    int64_t left_ms, right_ms;
    return br_config_duration(left, &left_ms, why) && br_config_duration(right, &right_ms, why) &&
           left_ms == right_ms;
}

static void check_repeats(const struct br_node *keep, struct br_faults *faults)
{
    for (size_t i = 1; i < keep->count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_length(keep->keys[i], keep->keys[j]))
                br_faults_add(faults, NULL, keep->key_lines[i], "history.keep", "%s is %s once more",
                              keep->keys[i], keep->keys[j]);
}

static void read_history(struct br_config *config, struct br_faults *faults)
{
    const struct br_node *keep = br_config_at(config, "history.keep");
    for (size_t i = 0; i < config->window_count; i++)
        config->history_keep_ms[i] = usual_keep_ms(config->windows[i].length_ms);
    if (!keep || keep->type != BR_NODE_MAP)
        return;
    check_repeats(keep, faults);
    for (size_t i = 0; i < keep->count; i++)
        read_keep(config, keep, i, faults);
}

void br_config_rules_windows(struct br_config *config, struct br_faults *faults)
{
    struct windows windows = {.faults = faults};
    read_windows(&windows, config);
    check_chain(&windows);
    check_privacy(&windows, config);
    keep_windows(config, &windows);
    read_history(config, faults);
}
