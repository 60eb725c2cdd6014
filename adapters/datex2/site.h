/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* The values of one site at one time, made one figure of the site. Pure. */
#ifndef BR_ADAPTERS_DATEX2_SITE_H
#define BR_ADAPTERS_DATEX2_SITE_H

#include "adapters/datex2/site_table.h"

/* A value as the source gives it. */
struct br_datex2_value {
    int64_t at_utc_ms;  /* start of its period */
    double number;      /* veh/h, km/h or s; NaN: none was given. Negative ones mean unknown */
    double reference_s; /* of a travel time: that of a free road, or NaN */
    int64_t inputs;     /* vehicles it was made of; -1: not said */
    uint32_t index;
    uint8_t kind;   /* enum br_datex2_kind; NONE: not to be used */
    uint8_t method; /* enum br_datex2_method */
    bool error;     /* the source says that it is wrong */
};

#define BR_DATEX2_SPEED_MAX_KM_H 250

/* Whether the value says something. flow_veh_h: the flow of its lane, NaN where it is not known; it tells a
 * standstill from an empty road where the value itself does not. */
bool br_datex2_value_known(const struct br_datex2_value *value, double flow_veh_h);

struct br_datex2_figures {
    double flow_veh_h, speed_km_h, travel_time_s, reference_s; /* NaN: unknown */
    bool partial;   /* a value that belongs to the site was in error, or of another time */
    bool estimated; /* the speed is a mean without flows */
};

/* The figures of a site at an instant from its values, whose kinds agree with the record. A value of another
 * instant is left out like one in error: a part of a site must not stand for the site at that other time.
 * False: nothing is known. */
bool br_datex2_site_figures(const struct br_datex2_record *record, const struct br_datex2_value *values,
                            size_t count, int64_t at_utc_ms, struct br_datex2_figures *figures);

#endif
