/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/flow/decoder.h"

#include <zlib.h>

#include "daemon/config.h"

#include "tests/unit/line_adapter.h"

struct work {
    char dir[64];
    struct br_faults *faults;
    struct br_arena *arena;
    struct br_node *options;
    struct br_emit emit;
    struct br_decoder *decoder;
    size_t described;
};

static void on_described(void *context, const struct br_emit *emit)
{
    struct work *work = context;
    work->described += emit->sensor_count;
}

static void file(const struct work *work, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", work->dir, name);
    FILE *to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fputs(text, to);
    fclose(to);
}

static void begin(struct work *work)
{
    *work = (struct work){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(work->dir));
    work->faults = br_faults_open();
    work->arena = br_arena_open(4096, 1 << 20);
}

static void open_with(struct work *work, const struct br_adapter *adapter, const char *options)
{
    struct br_decoder_setup setup = {.feed = "feed",
                                     .adapter = adapter,
                                     .line = 3,
                                     .dir = work->dir,
                                     .max_payload = 1000,
                                     .max_unpacked = 5000,
                                     .described = on_described,
                                     .context = work};
    if (options)
        setup.options = work->options = br_node_flow(options, work->faults);
    work->decoder = br_decoder_open(&setup, work->faults);
}

static void end(struct work *work)
{
    char command[96];
    br_decoder_close(work->decoder);
    br_node_close(work->options);
    br_arena_close(work->arena);
    br_faults_close(work->faults);
    snprintf(command, sizeof command, "rm -r %s", work->dir);
    ck_assert_int_eq(system(command), 0);
}

static enum br_message_outcome decode_bytes(struct work *work, const void *bytes, size_t size)
{
    char *padded = calloc(1, size + BR_PADDING);
    memcpy(padded, bytes, size);
    enum br_message_outcome outcome =
        br_decoder_decode(work->decoder, br_view_of("topic"), (struct br_view){padded, size},
                          time_of("10:00:01"), work->arena, &work->emit);
    free(padded);
    return outcome;
}

static enum br_message_outcome decode(struct work *work, const char *text)
{
    return decode_bytes(work, text, strlen(text));
}

static void expect_faults(struct work *work, const char *wanted)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    br_faults_print(work->faults, to);
    fclose(to);
    ck_assert_str_eq(text, wanted);
    free(text);
}

START_TEST(outcomes)
{
    struct work work;
    begin(&work);
    open_with(&work, &line_adapter, NULL);
    ck_assert_ptr_nonnull(work.decoder);
    ck_assert_int_eq(decode(&work, "p P1 10:00:00 vacant=3\nt S1 10:00:00 flow=60\n"), BR_OUT_DECODED);
    ck_assert_uint_eq(work.emit.observation_count, 2);
    ck_assert_str_eq(work.emit.observations->observation->feed, "feed");
    ck_assert_int_eq(work.emit.observations->observation->received_at, time_of("10:00:01"));
    ck_assert_int_eq(decode(&work, "skip"), BR_OUT_SKIPPED);
    ck_assert_str_eq(work.emit.reason, "nothing of ours");
    ck_assert_uint_eq(work.emit.observation_count, 0); /* begun anew */
    ck_assert_int_eq(decode(&work, "reject"), BR_OUT_REJECTED);
    ck_assert_str_eq(work.emit.reason, "no envelope");
    ck_assert_int_eq(decode(&work, "invalid\np P1 10:00:00 vacant=3"), BR_OUT_DECODED);
    ck_assert_uint_eq(work.emit.invalid_count, 1);
    end(&work);
}
END_TEST

static size_t pack(const char *text, size_t size, unsigned char *to, size_t to_size)
{
    z_stream stream = {.next_in = (unsigned char *)text,
                       .avail_in = (unsigned)size,
                       .next_out = to,
                       .avail_out = (unsigned)to_size};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t packed = to_size - stream.avail_out;
    deflateEnd(&stream);
    return packed;
}

START_TEST(sizes_are_limited_packed_and_unpacked)
{
    struct work work;
    char text[6000];
    unsigned char packed[2000];
    begin(&work);
    open_with(&work, &line_adapter, NULL);
    memset(text, '\n', sizeof text);
    ck_assert_int_eq(decode_bytes(&work, text, 1000), BR_OUT_DECODED);
    ck_assert_int_eq(decode_bytes(&work, text, 1001), BR_OUT_OVERSIZE);
    ck_assert_str_eq(work.emit.reason, "1001 bytes, more than max_payload 1000");
    size_t size = pack(text, 5000, packed, sizeof packed);
    ck_assert_int_eq(decode_bytes(&work, packed, size), BR_OUT_DECODED);
    size = pack(text, 5001, packed, sizeof packed);
    ck_assert_int_eq(decode_bytes(&work, packed, size), BR_OUT_OVERSIZE);
    ck_assert_str_eq(work.emit.reason, "more than 5000 bytes when unpacked");
    ck_assert_int_eq(decode_bytes(&work, packed, size - 5), BR_OUT_OVERSIZE);
    size = pack(text, 4000, packed, sizeof packed);
    ck_assert_int_eq(decode_bytes(&work, packed, size - 5), BR_OUT_REJECTED); /* cut short */
    end(&work);
}
END_TEST

START_TEST(a_reference_file)
{
    struct work work;
    begin(&work);
    file(&work, "table.txt", "sensor P1 gm=1\nsensor P2 gm=2\n");
    open_with(&work, &line_adapter, "{table: table.txt, zone: Europe/Brussels}");
    expect_faults(&work, "");
    ck_assert_ptr_nonnull(work.decoder);
    ck_assert_uint_eq(work.described, 2);
    end(&work);
}
END_TEST

START_TEST(a_reference_file_by_its_whole_path)
{
    struct work work;
    char options[128];
    begin(&work);
    file(&work, "table.txt", "sensor P1 gm=1\n");
    snprintf(options, sizeof options, "{table: %s/table.txt}", work.dir);
    open_with(&work, &line_adapter, options);
    ck_assert_ptr_nonnull(work.decoder);
    ck_assert_uint_eq(work.described, 1);
    end(&work);
}
END_TEST

START_TEST(reference_files_with_faults)
{
    struct work work;
    begin(&work);
    open_with(&work, &line_adapter, "{table: nowhere.txt}");
    ck_assert_ptr_null(work.decoder);
    expect_faults(&work, "1: table: nowhere.txt: No such file or directory\n");
    end(&work);
    begin(&work);
    file(&work, "table.txt", "reject\n");
    open_with(&work, &line_adapter, "{table: table.txt}");
    ck_assert_ptr_null(work.decoder);
    expect_faults(&work, "1: table: table.txt: no envelope\n");
    end(&work);
}
END_TEST

START_TEST(options_with_faults)
{
    struct work work;
    begin(&work);
    open_with(&work, &line_adapter, "{zone: Nowhere/City}");
    ck_assert_ptr_null(work.decoder);
    ck_assert_uint_ge(br_faults_count(work.faults), 1);
    end(&work);
    begin(&work);
    open_with(&work, &line_adapter, "{tabel: x}");
    ck_assert_ptr_null(work.decoder);
    ck_assert_uint_eq(br_faults_count(work.faults), 1);
    end(&work);
    br_decoder_close(NULL);
}
END_TEST

START_TEST(tables_that_messages_bring)
{
    struct work work;
    char path[128], text[128] = "table\nsensor P1 gm=1\n"; /* with the bytes behind it that payloads have */
    begin(&work);
    file(&work, "kept", text);
    open_with(&work, &line_adapter, NULL);
    ck_assert_int_eq(
        br_decoder_reference(work.decoder, (struct br_view){text, strlen(text)}, work.arena, &work.emit),
        BR_OUT_DECODED);
    ck_assert_uint_eq(work.emit.sensor_count, 1);
    ck_assert(work.emit.reference_changed);
    snprintf(path, sizeof path, "%s/kept", work.dir);
    ck_assert(br_decoder_recall(work.decoder, path, work.arena, &work.emit));
    ck_assert_uint_eq(work.emit.sensor_count, 1);
    ck_assert(!br_decoder_recall(work.decoder, "/proc/nowhere", work.arena, &work.emit));
    file(&work, "kept", "reject\n");
    ck_assert(!br_decoder_recall(work.decoder, path, work.arena, &work.emit));
    end(&work);
}
END_TEST

START_TEST(an_adapter_without_tables)
{
    struct work work;
    char text[64 + 1] = "";
    struct br_adapter plain = line_adapter;
    plain.reference = NULL;
    begin(&work);
    open_with(&work, &plain, NULL);
    ck_assert_int_eq(br_decoder_reference(work.decoder, (struct br_view){text, 0}, work.arena, &work.emit),
                     BR_OUT_SKIPPED);
    ck_assert_uint_eq(work.emit.observation_count, 0);
    end(&work);
}
END_TEST

START_TEST(a_path_that_is_too_long)
{
    struct work work;
    char *path = calloc(1, 5000);
    begin(&work);
    memset(path, 'x', 4999);
    open_with(&work, &line_adapter, NULL);
    ck_assert(!br_decoder_recall(work.decoder, path, work.arena, &work.emit));
    free(path);
    end(&work);
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, outcomes);
    tcase_add_test(tcase, sizes_are_limited_packed_and_unpacked);
    tcase_add_test(tcase, a_reference_file);
    tcase_add_test(tcase, a_reference_file_by_its_whole_path);
    tcase_add_test(tcase, reference_files_with_faults);
    tcase_add_test(tcase, options_with_faults);
    tcase_add_test(tcase, tables_that_messages_bring);
    tcase_add_test(tcase, an_adapter_without_tables);
    tcase_add_test(tcase, a_path_that_is_too_long);
}

UNIT_MAIN("decoder", tests)
