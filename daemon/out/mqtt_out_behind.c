/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What was published while the broker was away, or faster than it takes it, is in the history: it is read
 * from there in order, and figures go straight out again when there is nothing behind them any more. What is
 * not known to be delivered when a connection is lost is read again as well. */
#include "daemon/out/mqtt_out_state.h"

#include <errno.h>

#define ROWS 500
#define ENOUGH 1000 /* messages that wait: there is time to read on */
#define AGAIN_MS 1000

/* position goes back to before the first that is not in the outbox any more. */
static void go_back(struct br_mqtt_out *out, uint64_t first)
{
    if (first > 0 && first <= out->position)
        out->position = first - 1;
    out->behind = true;
}

void fall_behind(struct br_mqtt_out *out)
{
    go_back(out, br_mqtt_outbox_drop_changes(out->outbox));
}

void has_lost(struct br_mqtt_out *out, uint64_t change)
{
    go_back(out, change);
    fall_behind(out);
    out->settling = true;
}

/* All before the first that waits or is on its way is delivered, unless it was lost. */
void move_cursor(struct br_mqtt_out *out)
{
    uint64_t first = br_mqtt_outbox_first_change(out->outbox);
    uint64_t done = first > 0 && first <= out->position ? first - 1 : out->position;
    br_history_done(out->setup.history, BR_HISTORY_MQTT, done);
}

/* False: no memory; it is read again. One that is no figure any more is passed over. */
static bool take_row(struct br_mqtt_out *out, const struct br_history_row *row)
{
    errno = 0;
    Bruis__V1__Figure *figure = bruis__v1__figure__unpack(NULL, row->packed_size, row->packed);
    if (!figure && errno == ENOMEM)
        return false;
    if (!figure) {
        count_lost(out->invalid, 1);
        return true;
    }
    bool is_taken = publish_figure(out, figure, AS_CHANGE, row->change, row->newest);
    bruis__v1__figure__free_unpacked(figure, NULL);
    return is_taken;
}

static bool take_rows(struct br_mqtt_out *out, const struct br_history_row *rows, size_t count, bool more,
                      uint64_t passed)
{
    for (size_t i = 0; i < count; i++) {
        if (!take_row(out, &rows[i])) {
            has_lost(out, rows[i].change);
            return false;
        }
        out->position = rows[i].change;
    }
    if (!more && passed > out->position)
        out->position = passed;
    return true;
}

static void on_again(uv_timer_t *timer)
{
    catch_up(timer->data);
}

static void on_rows(void *context, int error, const struct br_history_row *rows, size_t count, bool more,
                    uint64_t passed)
{
    struct br_mqtt_out *out = context;
    out->reading = false;
    if (out->stage == OPEN) {
        bool is_wanted = out->read_after == out->position && br_mqtt_link_up(out->link) && !out->settling;
        bool is_taken = !error && (!is_wanted || take_rows(out, rows, count, more, passed));
        if (!is_taken)
            uv_timer_start(&out->timer, on_again, AGAIN_MS, 0);
        else
            catch_up(out);
        move_cursor(out);
        pump(out);
    }
    release(out);
}

static bool can_read(const struct br_mqtt_out *out)
{
    return out->stage == OPEN && out->behind && !out->reading && !out->settling &&
           br_mqtt_link_up(out->link) && br_mqtt_outbox_changes(out->outbox) <= ENOUGH;
}

void catch_up(struct br_mqtt_out *out)
{
    if (br_mqtt_outbox_changes_in_flight(out->outbox) == 0)
        out->settling = false;
    if (!can_read(out))
        return;
    if (out->position == br_history_last(out->setup.history)) {
        out->behind = false;
        return;
    }
    if (out->position >= br_history_durable(out->setup.history))
        return; /* br_mqtt_out_changed comes */
    out->read_after = out->position;
    if (br_history_read(out->setup.history, out->position, ROWS, on_rows, out) == 0) {
        out->reading = true;
        out->handles++;
    } else {
        uv_timer_start(&out->timer, on_again, AGAIN_MS, 0);
    }
}

void br_mqtt_out_changed(struct br_mqtt_out *out)
{
    catch_up(out);
    pump(out);
}
