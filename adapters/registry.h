/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The adapters there are: one line for each here and one in registry.c. */
#ifndef BR_ADAPTERS_REGISTRY_H
#define BR_ADAPTERS_REGISTRY_H

#include "adapters/adapter.h"

extern const struct br_adapter br_adapter_json;
extern const struct br_adapter br_adapter_spdp;
extern const struct br_adapter br_adapter_datex2;
extern const struct br_adapter br_adapter_cmsa;

#endif
