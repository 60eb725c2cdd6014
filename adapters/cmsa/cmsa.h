/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The two forms of the crowd monitoring system's counts, for cmsa.c. */
#ifndef BR_ADAPTERS_CMSA_CMSA_H
#define BR_ADAPTERS_CMSA_CMSA_H

#include "adapters/adapter.h"
#include "adapters/json.h"

/* Counts in CSV, a row for each three minutes. Read piece by piece: the payload is never held whole. */
enum br_outcome br_cmsa_csv_decode(const struct br_message *message, struct br_emit *emit);

/* Messages in JSON, one or a list of them. Those of the type `person` are personal data: never looked into.
 */
enum br_outcome br_cmsa_telcameras_decode(struct br_json *json, const struct br_message *message,
                                          struct br_emit *emit);

#endif
