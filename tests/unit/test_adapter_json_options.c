/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "tests/unit/adapter_fixture.h"

static struct fixture fixture;

static void ck_faults(const char *options, const char *expected)
{
    fixture_open(&fixture, &br_adapter_json, options);
    ck_assert_ptr_null(fixture.self);
    ck_assert_str_eq(fixture_faults(&fixture), expected);
    fixture_close(&fixture);
}

/* The line is the one of the text, so that a configuration's faults are told where they stand. */
START_TEST(every_fault_is_told_with_its_line)
{
    ck_faults(
        "{domain: parking,\n sensor: id,\n items: list,\n lat: /a,\n observed_at: {att: /t,\n format: iso},\n"
        " values: {vacant: /a~x,\n free: /b,\n open: {unit: m,\n true: open,\n xx: 1},\n state: /c,\n"
        " kind: {at: /k, true: [x],\n map: {a: palace}},\n capacity: {at: 'topic:0', unit: m},\n"
        " full: {at: [1],\n map: {a: b}, true: [x], false: [x]}}}",
        "2: sensor: the JSON pointer 'id' does not begin with /\n"
        "3: items: the JSON pointer 'list' does not begin with /\n"
        "4: lat: lat and lon need each other\n"
        "5: observed_at.att: is no key of observed_at\n"
        "5: observed_at.at: is missing\n"
        "6: observed_at.format: 'iso' is none of rfc3339|epoch_s|epoch_ms|local\n"
        "7: values.vacant: the JSON pointer '/a~x' has a ~ that is neither ~0 (for ~) nor ~1 (for /)\n"
        "8: values.free: is no field of the domain parking\n"
        "9: values.open.at: is missing\n"
        "9: values.open.unit: this field has no unit\n"
        "11: values.open.xx: is no key of values.open\n"
        "12: values.state: open and state cannot both be mapped\n"
        "13: values.kind.true: is for open and full; use map here\n"
        "14: values.kind.map: 'palace' is no word of this field\n"
        "15: values.capacity.at: 'topic:0' is no level of a topic: topic:1 is the first\n"
        "15: values.capacity.unit: this field has no unit\n"
        "16: values.full.at: must be /json/pointer, root:/json/pointer, topic:N or const:TEXT\n"
        "17: values.full.false: 'x' is told twice\n"
        "17: values.full.map: is for words and numbers; use true and false here\n");
}
END_TEST

#define BASE "domain: parking, sensor: /id, "
#define VACANT "values: {vacant: /v}"

START_TEST(other_faults_of_options)
{
    ck_faults("{" BASE "values: [a]}", "1: values: must be a map of fields: {vacant: /free}\n");
    ck_faults("{" BASE "values: {}}", "1: values: must be a map of fields: {vacant: /free}\n");
    ck_faults("{" BASE "values: {vacant: }}",
              "1: values.vacant: must be /json/pointer, root:/json/pointer, topic:N or const:TEXT\n");
    ck_faults("{" BASE "values: {vacant: [a]}}",
              "1: values.vacant: must be /json/pointer, root:/json/pointer, topic:N or const:TEXT\n");
    ck_faults("{" BASE "observed_at: /t, " VACANT "}",
              "1: observed_at: must be a map: {at: /updated, format: rfc3339}\n");
    ck_faults("{" BASE "observed_at: {at: /t, format: local}, " VACANT "}",
              "1: observed_at.format: local needs the option timezone\n");
    ck_faults("{" BASE "observed_at: {at: 'const:2026-08-18T10:00:00Z'}, " VACANT "}",
              "1: observed_at.at: a constant is no time\n");
    ck_faults("{" BASE "values: {vacant: 'const:many', full: 'const:2', open: 'const:x', kind: 'const:x'}}",
              "1: values.vacant: 'many' is no number\n1: values.full: '2' is no true or false\n"
              "1: values.open: 'x' is no true or false\n1: values.kind: 'x' is no word of this field\n");
    ck_faults("{" BASE "values: {vacant: {at: /v, map: [a]}, capacity: {at: /c, map: {x: many}}}}",
              "1: values.vacant.map: must be a map: {word of the source: value}\n"
              "1: values.capacity.map: 'many' is no number\n");
    ck_faults("{" BASE "values: {open: {at: /v, true: [[a]]}}}",
              "1: values.open.true: must be a list of words\n");
    ck_faults("{domain: traffic, sensor: 'topic:x', values: {speed_km_h: {at: /v, unit: knots}, vacant: /v}}",
              "1: sensor: 'topic:x' is no level of a topic: topic:1 is the first\n"
              "1: values.speed_km_h.unit: 'knots' is none of km/h m/s mph\n"
              "1: values.vacant: is no field of the domain traffic\n");
    ck_faults("{domain: weather, sensor: /id, " VACANT "}", "1: domain: domain and sensor are needed\n");
}
END_TEST

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, every_fault_is_told_with_its_line);
    tcase_add_test(tcase, other_faults_of_options);
}

UNIT_MAIN("adapter json options", tests)
