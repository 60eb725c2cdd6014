/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "adapters/datex2/names.h"

#define BOX(name) {#name, false},
#define TEXT(name) {#name, true},
const struct br_xml_name br_datex2_names[BR_DATEX2_TAG_COUNT] = {{NULL, false}, BR_DATEX2_NAMES(BOX, TEXT)};
