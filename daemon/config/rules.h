/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* What joins several keys of a configuration that has been read (config_read.h): references, defaults that
 * follow from other keys, and rules between keys. A fault is told at the value that makes the need. */
#ifndef BR_CONFIG_RULES_H
#define BR_CONFIG_RULES_H

#include "daemon/config.h"

/* Each fills in and checks its part. br_config_rules calls the others. */
void br_config_rules(struct br_config *config, struct br_faults *faults);
void br_config_rules_brokers(struct br_config *config, struct br_faults *faults);
void br_config_rules_feeds(struct br_config *config, struct br_faults *faults);
void br_config_rules_publish(struct br_config *config, struct br_faults *faults);
void br_config_rules_regions(struct br_config *config, struct br_faults *faults);

/* windows, history.keep, privacy.min_window. */
void br_config_rules_windows(struct br_config *config, struct br_faults *faults);

/* The node of a dotted key, where it is given; names hold no dots. */
const struct br_node *br_config_at(const struct br_config *config, const char *dotted_key);

/* The index of the broker that the value of a key names; SIZE_MAX: none, which is told. */
size_t br_config_broker_index(const struct br_config *config, const struct br_node *value,
                              const char *dotted_key, struct br_faults *faults);

/* Two keys of a map of which one at most may be given: X_credential and X_file. */
void br_config_one_of(const struct br_config *config, const char *map, const char *first, const char *second,
                      struct br_faults *faults);

/* A certificate and its key come together. */
void br_config_pair(const struct br_config *config, const char *map, const struct br_config_secret *cert,
                    const struct br_config_secret *key, struct br_faults *faults);

/* Parts of br_config_check: opens a file, as it is written or by its absolute path (false: a fault was told);
 * opens the adapters of all feeds and the files of their options. */
bool br_config_check_file(const struct br_config *config, const char *path, unsigned line, const char *key,
                          struct br_faults *faults);
void br_config_check_feeds(const struct br_config *config, struct br_faults *faults);

#endif
