/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/intake.h"
#include "daemon/flow/reference.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INLINE_MAX                                                                                           \
    ((size_t)64 * 1024) /* larger ones, and packed ones above a tenth of it, go to the thread pool */
#define BUDGET_NS UINT64_C(5000000)
#define SLICE 256 /* observations between two looks at the budget */
#define ARENA_BLOCK ((size_t)64 * 1024)

struct br_intake {
    struct br_intake_setup setup;
    struct br_decoder **decoders; /* for each feed */
    br_position *unkept;          /* for each feed: 1 + that of a table that is not kept yet, or 0 */
    struct br_arena *arena;
    br_position at, read, applied; /* of the message at work, behind it, behind the last one that is done */

    /* the message at work */
    struct br_entry entry;
    size_t feed;
    struct br_emit emit;
    enum br_message_outcome outcome;
    bool decoding, applying;
    bool ticked; /* to be told, when the flow is done with the tick */
    const struct br_emitted_observation *next;
    uv_work_t work;
};

/* ---- what a message brought */

static const char *outcome_word(enum br_message_outcome outcome)
{
    return outcome == BR_OUT_OVERSIZE ? "message_oversize" : "message_rejected";
}

static void count_message(struct br_intake *intake)
{
    struct br_tally_feed *tally = br_tally_feed(intake->setup.tally, intake->feed);
    const char *feed = intake->setup.config->feeds[intake->feed].name;
    const struct br_emit *emit = &intake->emit;
    int64_t now = intake->entry.received_at_utc_ms;
    char topic[128];

    snprintf(topic, sizeof topic, "%.*s",
             (int)(intake->entry.topic.size < 127 ? intake->entry.topic.size : 127),
             intake->entry.topic.data ? intake->entry.topic.data : "");
    *tally->received += 1;
    *tally->outcome[intake->outcome] += 1;
    *tally->unmatched += (int64_t)emit->unmatched_count;
    if (intake->outcome == BR_OUT_REJECTED || intake->outcome == BR_OUT_OVERSIZE) {
        br_log_often(intake->setup.log, BR_LOG_WARNING, outcome_word(intake->outcome), feed, emit->reason,
                     topic, now);
        return;
    }
    *tally->decoded += (int64_t)emit->invalid_count;
    *tally->result[BR_INVALID] += (int64_t)emit->invalid_count;
    if (emit->invalid_count > 0)
        br_log_often(intake->setup.log, BR_LOG_WARNING, "reading_refused", feed, emit->reason, topic, now);
    else if (intake->outcome == BR_OUT_SKIPPED)
        br_log_often(intake->setup.log, BR_LOG_INFO, "message_skipped", feed, emit->reason, topic, now);
}

/* A table that came as a message is needed again after a restart. */
static int keep_reference(struct br_intake *intake, size_t feed, br_position at, struct br_view payload)
{
    const char *name = intake->setup.config->feeds[feed].name;
    int error = br_reference_keep(intake->setup.config->state_dir, name, at, payload);
    intake->unkept[feed] = error ? at + 1 : 0;
    if (error)
        br_log_often(intake->setup.log, BR_LOG_ERR, "reference_not_kept", name, strerror(-error), "",
                     intake->entry.received_at_utc_ms);
    return error;
}

int br_intake_land(struct br_intake *intake)
{
    int landed = 0;
    for (size_t feed = 0; feed < intake->setup.config->feed_count; feed++) {
        br_position at = intake->unkept[feed] - 1, next = at;
        struct br_entry entry;
        if (intake->unkept[feed] == 0)
            continue;
        if (br_journal_read(intake->setup.journal, &next, &entry) <= 0) { /* damaged since: it is lost */
            intake->unkept[feed] = 0;
            br_log(intake->setup.log, BR_LOG_ERR, "reference_lost", "feed=%s reason=\"%s\"",
                   intake->setup.config->feeds[feed].name, strerror(EBADMSG));
            continue;
        }
        int error = keep_reference(intake, feed, at, entry.payload);
        landed = error ? error : landed;
    }
    return landed;
}

void br_intake_kept(struct br_intake *intake, br_position position)
{
    for (size_t feed = 0; feed < intake->setup.config->feed_count; feed++)
        br_reference_release(intake->setup.config->state_dir, intake->setup.config->feeds[feed].name,
                             position);
}

static void begin_applying(struct br_intake *intake)
{
    count_message(intake);
    intake->decoding = false;
    intake->applying = true;
    intake->next = NULL;
    if (intake->outcome != BR_OUT_DECODED)
        return;
    if (intake->emit.reference_changed && intake->setup.journal)
        keep_reference(intake, intake->feed, intake->at, intake->entry.payload);
    for (const struct br_emitted_sensor *sensor = intake->emit.sensors; sensor; sensor = sensor->next)
        br_flow_sensor(intake->setup.flow, intake->feed, sensor, intake->entry.received_at_utc_ms);
    intake->next = intake->emit.observations;
}

static void finish_message(struct br_intake *intake)
{
    if (intake->outcome == BR_OUT_DECODED && intake->emit.snapshot_at_utc_ms != BR_TIME_NONE)
        br_flow_snapshot(intake->setup.flow, intake->feed, intake->emit.snapshot_at_utc_ms,
                         intake->entry.received_at_utc_ms);
    br_flow_settle(intake->setup.flow, intake->entry.received_at_utc_ms);
    if (intake->setup.quarantine)
        br_quarantine_leave(intake->setup.quarantine);
    br_arena_reset(intake->arena);
    intake->applying = false;
    intake->applied = intake->read;
}

/* Applies up to a slice of what was decoded; the last one ends the message. */
static void apply_slice(struct br_intake *intake)
{
    for (int i = 0; i < SLICE && intake->next; i++, intake->next = intake->next->next)
        br_flow_observation(intake->setup.flow, intake->feed, intake->next, intake->entry.received_at_utc_ms);
    if (!intake->next)
        finish_message(intake);
}

/* ---- decoding */

static void decode(struct br_intake *intake)
{
    intake->outcome =
        br_decoder_decode(intake->decoders[intake->feed], intake->entry.topic, intake->entry.payload,
                          intake->entry.received_at_utc_ms, intake->arena, &intake->emit);
}

static void on_pool(uv_work_t *work)
{
    decode(work->data);
}

static void on_decoded(uv_work_t *work, int status)
{
    (void)status;
    begin_applying(work->data);
}

static bool is_large(struct br_view payload)
{
    bool packed = payload.size > 2 && (uint8_t)payload.data[0] == 0x1f && (uint8_t)payload.data[1] == 0x8b;
    return payload.size > (packed ? INLINE_MAX / 10 : INLINE_MAX);
}

static size_t feed_of(const struct br_intake *intake, struct br_view name)
{
    for (size_t i = 0; i < intake->setup.config->feed_count; i++)
        if (br_view_is(name, intake->setup.config->feeds[i].name))
            return i;
    return SIZE_MAX;
}

/* The process has died at this message twice: it is set aside unread. */
static void set_aside(struct br_intake *intake)
{
    const char *feed = intake->setup.config->feeds[intake->feed].name;
    int error = br_quarantine_keep(intake->setup.quarantine, intake->at, feed, intake->entry.topic,
                                   intake->entry.payload, intake->entry.received_at_utc_ms);
    br_emit_start(&intake->emit, intake->arena);
    br_emit_reject(&intake->emit, "the process died at it twice: set aside in quarantine%s%s",
                   error ? ": " : "", error ? strerror(-error) : "");
    intake->outcome = BR_OUT_REJECTED;
    begin_applying(intake);
}

static void take_message(struct br_intake *intake)
{
    intake->feed = feed_of(intake, intake->entry.feed);
    if (intake->feed == SIZE_MAX) { /* of a feed that the configuration has no more */
        intake->applied = intake->read;
        return;
    }
    if (intake->setup.quarantine && br_quarantine_is_suspect(intake->setup.quarantine, intake->at)) {
        set_aside(intake);
        return;
    }
    if (intake->setup.quarantine)
        br_quarantine_enter(intake->setup.quarantine, intake->at);
    if (is_large(intake->entry.payload) &&
        uv_queue_work(intake->setup.loop, &intake->work, on_pool, on_decoded) == 0) {
        intake->decoding = true;
        return;
    }
    decode(intake);
    begin_applying(intake);
}

static void withdraw(struct br_intake *intake)
{
    struct br_withdrawal withdrawal;
    size_t feed = feed_of(intake, intake->entry.feed);
    const char *fault = br_withdrawal_parse(intake->entry.payload, &withdrawal);
    if (feed == SIZE_MAX || fault)
        br_log(intake->setup.log, BR_LOG_ERR, "withdrawal_refused", "reason=\"%s\"",
               fault ? fault : "no such feed");
    else
        br_flow_withdraw(intake->setup.flow, feed, &withdrawal);
}

/* The next entry of the journal. False: there is none. */
static bool take_entry(struct br_intake *intake)
{
    intake->at = intake->read;
    int got = br_journal_read(intake->setup.journal, &intake->read, &intake->entry);
    if (got < 0)
        br_log_often(intake->setup.log, BR_LOG_ERR, "journal_damaged", "journal", strerror(-got), "", 0);
    if (got <= 0)
        return got < 0;
    if (intake->entry.type == BR_ENTRY_MESSAGE) {
        take_message(intake);
        return true;
    }
    intake->applied = intake->read;
    if (intake->entry.type == BR_ENTRY_WITHDRAW)
        withdraw(intake);
    if (intake->entry.type != BR_ENTRY_TICK)
        return true;
    br_flow_tick(intake->setup.flow, intake->entry.received_at_utc_ms);
    intake->ticked = true;
    return true;
}

static void tell_tick(struct br_intake *intake)
{
    intake->ticked = false;
    if (intake->setup.ticked)
        intake->setup.ticked(intake->setup.context);
}

bool br_intake_pump(struct br_intake *intake)
{
    uint64_t until = uv_hrtime() + BUDGET_NS;
    while (uv_hrtime() < until) {
        if (intake->decoding)
            return false; /* on_decoded comes */
        if (intake->applying)
            apply_slice(intake);
        else if (br_flow_step(intake->setup.flow))
            continue;
        else if (intake->ticked)
            tell_tick(intake);
        else if (!take_entry(intake))
            return false;
    }
    return true;
}

bool br_intake_complete(struct br_intake *intake)
{
    while (intake->applying)
        apply_slice(intake);
    br_flow_rest(intake->setup.flow);
    return !intake->decoding;
}

bool br_intake_idle(const struct br_intake *intake)
{
    return !intake->decoding && !intake->applying && !intake->ticked && !br_flow_busy(intake->setup.flow) &&
           intake->read == br_journal_end(intake->setup.journal);
}

br_position br_intake_position(const struct br_intake *intake)
{
    return intake->applied;
}

enum br_message_outcome br_intake_message(struct br_intake *intake, size_t feed, struct br_view topic,
                                          struct br_view payload, int64_t received_at_utc_ms)
{
    intake->feed = feed;
    intake->entry = (struct br_entry){.type = BR_ENTRY_MESSAGE,
                                      .topic = topic,
                                      .payload = payload,
                                      .received_at_utc_ms = received_at_utc_ms};
    decode(intake);
    begin_applying(intake);
    while (intake->applying)
        apply_slice(intake);
    br_flow_rest(intake->setup.flow);
    return intake->outcome;
}

/* ---- open and close */

struct described {
    struct br_intake *intake;
    size_t feed;
};

static void on_described(void *context, const struct br_emit *emit)
{
    const struct described *described = context;
    for (const struct br_emitted_sensor *sensor = emit->sensors; sensor; sensor = sensor->next)
        br_flow_sensor(described->intake->setup.flow, described->feed, sensor, BR_TIME_NONE);
}

/* A table that a message had brought before the restart. */
static void recall_reference(struct br_intake *intake, size_t feed)
{
    char path[PATH_MAX];
    struct br_emit emit;
    struct described described = {intake, feed};
    if (!intake->setup.journal ||
        !br_reference_find(intake->setup.config->state_dir, intake->setup.config->feeds[feed].name,
                           intake->setup.position, path))
        return;
    if (br_decoder_recall(intake->decoders[feed], path, intake->arena, &emit))
        on_described(&described, &emit);
    else
        br_log(intake->setup.log, BR_LOG_ERR, "reference_unusable", "feed=%s file=%s reason=\"%s\"",
               intake->setup.config->feeds[feed].name, path, emit.reason);
    br_arena_reset(intake->arena);
}

static bool open_feed(struct br_intake *intake, size_t feed, struct br_faults *faults)
{
    const struct br_config_feed *config = &intake->setup.config->feeds[feed];
    struct described described = {intake, feed};
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", intake->setup.config->path);
    char *slash = strrchr(dir, '/');
    if (slash)
        *slash = '\0';
    struct br_decoder_setup setup = {.feed = config->name,
                                     .adapter = config->adapter,
                                     .options = config->options,
                                     .line = config->line,
                                     .dir = slash ? dir : NULL,
                                     .max_payload = config->max_payload,
                                     .max_unpacked = config->max_unpacked,
                                     .described = on_described,
                                     .context = &described};

    intake->decoders[feed] = br_decoder_open(&setup, faults);
    if (!intake->decoders[feed])
        return false;
    recall_reference(intake, feed);
    return true;
}

struct br_intake *br_intake_open(const struct br_intake_setup *setup, struct br_faults *faults)
{
    struct br_intake *intake = calloc(1, sizeof *intake);
    bool opened = true;
    if (!intake)
        return NULL;
    intake->setup = *setup;
    intake->work.data = intake;
    intake->arena = br_arena_open(ARENA_BLOCK, (size_t)setup->config->memory_max);
    intake->decoders = calloc(setup->config->feed_count + 1, sizeof(struct br_decoder *));
    intake->unkept = calloc(setup->config->feed_count + 1, sizeof *intake->unkept);
    if (setup->journal)
        intake->read = intake->applied = setup->position;
    bool has_memory = intake->arena && intake->decoders && intake->unkept;
    for (size_t i = 0; has_memory && i < setup->config->feed_count; i++)
        opened &= open_feed(intake, i, faults);
    if (opened && has_memory)
        return intake;
    br_intake_close(intake);
    return NULL;
}

void br_intake_close(struct br_intake *intake)
{
    if (!intake)
        return;
    for (size_t i = 0; intake->decoders && i < intake->setup.config->feed_count; i++)
        br_decoder_close(intake->decoders[i]);
    free(intake->decoders);
    free(intake->unkept);
    br_arena_close(intake->arena);
    free(intake);
}
