/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/registry.h"

static const struct br_adapter *const adapters[] = {
    &br_adapter_cmsa,
    &br_adapter_datex2,
    &br_adapter_json,
    &br_adapter_spdp,
};

const struct br_adapter *const *br_adapters(size_t *count)
{
    *count = sizeof adapters / sizeof adapters[0];
    return adapters;
}

const struct br_adapter *br_adapter_find(const char *name)
{
    for (size_t i = 0; i < sizeof adapters / sizeof adapters[0]; i++)
        if (strcmp(adapters[i]->name, name) == 0)
            return adapters[i];
    return NULL;
}

static const struct br_option *option_find(const struct br_adapter *adapter, const char *key)
{
    for (const struct br_option *option = adapter->options; option && option->key; option++)
        if (strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

static bool is_word(const char *words, const char *text)
{
    size_t size = strlen(text);
    for (const char *word = words; size > 0;) {
        size_t word_size = strcspn(word, "|");
        if (word_size == size && memcmp(word, text, size) == 0)
            return true;
        if (word[word_size] == '\0')
            return false;
        word += word_size + 1;
    }
    return false;
}

static bool is_flag(const struct br_node *value, const char *text)
{
    return !value->quoted && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
}

/* A scalar's text against what the option takes. */
static void check_text(const struct br_adapter_setup *setup, const struct br_option *option,
                       const struct br_node *value, const char *text, struct br_faults *faults)
{
    switch (option->type) {
    case BR_OPTION_WORD:
        if (!is_word(option->words, text))
            br_faults_add(faults, NULL, value->line, option->key, "'%s' is none of %s", text, option->words);
        break;
    case BR_OPTION_FLAG:
        if (!is_flag(value, text))
            br_faults_add(faults, NULL, value->line, option->key, "'%s' is neither true nor false", text);
        break;
    case BR_OPTION_ZONE:
        if (!setup->zone || !setup->zone(setup->context, text))
            br_faults_add(faults, NULL, value->line, option->key, "'%s' is no time zone known here", text);
        break;
    case BR_OPTION_FILE:
        if (text[0] == '\0')
            br_faults_add(faults, NULL, value->line, option->key, "no file is named");
        break;
    case BR_OPTION_TEXT:
    case BR_OPTION_TREE:
        break;
    }
}

static void check_value(const struct br_adapter_setup *setup, const struct br_option *option,
                        const struct br_node *value, unsigned line, struct br_faults *faults)
{
    const char *text = br_node_text(value);
    if (value->type == BR_NODE_SCALAR && !text)
        br_faults_add(faults, NULL, line, option->key, "has no value");
    else if (option->type == BR_OPTION_TREE)
        return;
    else if (!text)
        br_faults_add(faults, NULL, value->line, option->key, "must be one value, not a %s",
                      value->type == BR_NODE_LIST ? "list" : "map");
    else
        check_text(setup, option, value, text, faults);
}

static void check_given(const struct br_adapter *adapter, const struct br_adapter_setup *setup,
                        struct br_faults *faults)
{
    const struct br_node *options = setup->options;
    for (size_t i = 0; i < options->count; i++) {
        const struct br_option *option = option_find(adapter, options->keys[i]);
        if (option)
            check_value(setup, option, options->values[i], options->key_lines[i], faults);
        else
            br_faults_add(faults, NULL, options->key_lines[i], options->keys[i], "is no option of adapter %s",
                          adapter->name);
    }
}

static void check_required(const struct br_adapter *adapter, const struct br_node *options, unsigned line,
                           struct br_faults *faults)
{
    for (const struct br_option *option = adapter->options; option && option->key; option++)
        if (option->required && !br_node_get(options, option->key))
            br_faults_add(faults, NULL, line, option->key, "is missing; adapter %s needs it", adapter->name);
}

void *br_adapter_open(const struct br_adapter *adapter, const struct br_adapter_setup *setup, unsigned line,
                      struct br_faults *faults)
{
    size_t faults_before = br_faults_count(faults);
    const struct br_node *options = setup->options;
    if (options && options->type != BR_NODE_MAP) {
        br_faults_add(faults, NULL, options->line, "options", "must be a map");
        return NULL;
    }
    if (options)
        check_given(adapter, setup, faults);
    check_required(adapter, options, line, faults);
    return br_faults_count(faults) == faults_before ? adapter->open(setup, faults) : NULL;
}
