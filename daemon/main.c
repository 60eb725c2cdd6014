/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The verbs and what they are for; nothing else. */
#include "daemon/verb.h"
#include "adapters/adapter.h"
#include "daemon/in/paho.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>
#include <expat.h>
#include <geos_c.h>
#include <jansson.h>
#include <microhttpd.h>
#include <proj.h>
#include <protobuf-c/protobuf-c.h>
#include <sqlite3.h>
#include <uv.h>
#include <yaml.h>
#include <zlib.h>

static int verb_adapters(int argc, char **argv)
{
    size_t count;
    const struct br_adapter *const *adapters = br_adapters(&count);
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < count; i++)
        printf("%-8s %-28s %s\n", adapters[i]->name, adapters[i]->domains, adapters[i]->format);
    return BR_EXIT_OK;
}

static int verb_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("bruisd %s\n", BR_VERSION);
    printf("compiler %s\n", __VERSION__);
    printf("libuv %s, protobuf-c %s, libyaml %s, jansson %s\n", uv_version_string(), protobuf_c_version(),
           yaml_get_version_string(), jansson_version_str());
    printf("expat %s, zlib %s, geos %s, proj %s\n", XML_ExpatVersion(), zlibVersion(), GEOSversion(),
           proj_info().version);
    printf("libmicrohttpd %s, paho %s, %s, sqlite %s\n", MHD_get_version(), br_paho_version(), curl_version(),
           sqlite3_libversion());
    return BR_EXIT_OK;
}

struct verb {
    const char *name, *arguments, *does;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
    {"run", "[-c FILE]", "the daemon, in the foreground (the default)", br_verb_run},
    {"check", "[-c FILE]", "tells all faults of a configuration", br_verb_check},
    {"decode", "-a ADAPTER [-o KEY=VALUE]... [-t TOPIC] [--received-at TIME] [FILE...]",
     "decodes payload files to records, JSON Lines; or -c FILE -f FEED", br_verb_decode},
    {"replay", "-c FILE [CAPTURE...]", "runs captures through the whole pipeline, offline", br_verb_replay},
    {"withdraw", "-c FILE --feed F --sensor S --from TIME --to TIME", "takes a bad sensor's readings back",
     br_verb_withdraw},
    {"influx", "backfill -c FILE --from TIME --to TIME", "sends figures of the history to InfluxDB again",
     br_verb_influx},
    {"adapters", "", "lists adapters: name, domain, format and version", verb_adapters},
    {"version", "", "version and libraries", verb_version},
};

static void usage(FILE *to)
{
    fprintf(to, "bruisd gathers city sensor data and publishes figures for regions.\n\n");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        fprintf(to, "  bruisd %s %s\n      %s\n", verbs[i].name, verbs[i].arguments, verbs[i].does);
    fprintf(to, "\nThe default FILE is %s. `bruisd run --help` describes its keys.\n", BR_CONFIG_PATH);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Of one verb; of those that take nothing but a configuration, with its keys. */
static int help(const struct verb *verb)
{
    printf("bruisd %s %s\n    %s\n", verb->name, verb->arguments, verb->does);
    if (verb->run == br_verb_run || verb->run == br_verb_check) {
        printf("\nThe default FILE is %s. Its keys:\n", BR_CONFIG_PATH);
        br_config_describe(stdout);
    }
    return BR_EXIT_OK;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "C");
    if (argc > 1 && (is_help(argv[1]) || strcmp(argv[1], "help") == 0)) {
        usage(stdout);
        return BR_EXIT_OK;
    }
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        return verb_version(argc, argv);
    if (argc < 2 || argv[1][0] == '-')
        return br_verb_run(argc, argv);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return argc > 2 && is_help(argv[2]) ? help(&verbs[i]) : verbs[i].run(argc - 1, argv + 1);
    fprintf(stderr, "bruisd: no such verb: %s\n\n", argv[1]);
    usage(stderr);
    return BR_EXIT_USAGE;
}
