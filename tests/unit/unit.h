/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* One unit test program: tests of Check in one suite, run and reported.
 *
 *     START_TEST(adds) { ... } END_TEST
 *     static void tests(TCase *tcase) { tcase_add_test(tcase, adds); }
 *     UNIT_MAIN("arena", tests)
 */
#ifndef BR_TESTS_UNIT_H
#define BR_TESTS_UNIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of real payloads, or NULL: BRUIS_DATA, else ../shared/data. */
static inline const char *unit_data_dir(void)
{
    const char *dir = getenv("BRUIS_DATA");
    if (!dir)
        dir = "../shared/data";
    return access(dir, R_OK) == 0 ? dir : NULL;
}

static inline int unit_run(const char *name, void (*add)(TCase *tcase))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    add(tcase);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_MAIN(name, add)                                                                                 \
    int main(void)                                                                                           \
    {                                                                                                        \
        return unit_run(name, add);                                                                          \
    }

#endif
