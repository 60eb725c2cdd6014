/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One value of a row: checked, and put where the row says. */
#ifndef BR_CONFIG_STORE_H
#define BR_CONFIG_STORE_H

#include "daemon/config.h"
#include "daemon/config/schema.h"
#include "daemon/config/value.h"

/* Reads a text by the row's type and keeps it in `at` (a number, a flag, a copy of the text; NULL: it is
 * checked only). False: `why` says what is wrong. quoted: the text stood in quotes. */
bool br_config_store(const struct br_config *config, const struct br_config_row *row, const char *text,
                     bool quoted, void *at, char why[BR_WHY_SIZE]);

/* Whether the row's values are kept as text: as a char *. */
bool br_config_is_text(const struct br_config_row *row);

/* A number of the row's type in words: "30s", "64KiB", "0.5". */
void br_config_number_text(const struct br_config_row *row, int64_t number, char text[BR_VALUE_TEXT_SIZE]);

/* Words as a person writes them, without the numbers that they are kept as: "v1=1 v2=2" is "v1 v2". */
#define BR_WORDS_TEXT_SIZE 64
void br_config_words_text(const char *words, char text[BR_WORDS_TEXT_SIZE]);

#endif
