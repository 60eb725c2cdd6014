/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
#include "daemon/state_dir.h"

#include <errno.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/failing_malloc.h"
#include "tests/unit/unit.h"

struct place {
    char dir[64], path[96], key[128];
    struct br_state_dir *state;
};

static void begin(struct place *p)
{
    int error = 1;
    *p = (struct place){.dir = "/tmp/bruisd-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/state", p->dir);
    snprintf(p->key, sizeof p->key, "%s/privacy.key", p->path);
    p->state = br_state_dir_open(p->path, &error);
    ck_assert_int_eq(error, 0);
    ck_assert_ptr_nonnull(p->state);
}

static void end(struct place *p)
{
    char command[128];
    br_state_dir_close(p->state);
    snprintf(command, sizeof command, "rm -r %s", p->dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(makes_its_folder)
{
    struct place p;
    struct stat status;
    int error = 1;
    begin(&p);
    ck_assert_int_eq(stat(p.path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0700);
    br_state_dir_close(p.state);
    p.state = br_state_dir_open(p.path, &error); /* and takes one that is there */
    ck_assert_ptr_nonnull(p.state);
    end(&p);
    br_state_dir_close(NULL);
}
END_TEST

START_TEST(one_process_holds_it)
{
    struct place p;
    begin(&p);
    for (int held = 1; held >= 0; held--) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            int error = 0;
            struct br_state_dir *other = br_state_dir_open(p.path, &error);
            _exit(other ? 0 : error == -EWOULDBLOCK ? 1 : 2);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), held);
        br_state_dir_close(p.state);
        p.state = NULL;
    }
    end(&p);
}
END_TEST

START_TEST(a_path_that_cannot_be)
{
    int error = 0;
    ck_assert_ptr_null(br_state_dir_open("/proc/nowhere/state", &error));
    ck_assert_int_eq(error, -ENOENT);
    ck_assert_ptr_null(br_state_dir_open("/dev/null", &error));
    ck_assert_int_eq(error, -ENOTDIR);
}
END_TEST

START_TEST(the_key_is_made_once)
{
    struct place p;
    struct stat status;
    struct br_config_privacy privacy = {0};
    size_t size = 0, size_again = 0;
    begin(&p);
    uint8_t *key = br_state_dir_privacy_key(p.state, &privacy, &size);
    ck_assert_ptr_nonnull(key);
    ck_assert_uint_eq(size, 32);
    ck_assert_int_eq(stat(p.key, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(status.st_size, 32);
    uint8_t *again = br_state_dir_privacy_key(p.state, &privacy, &size_again);
    ck_assert_ptr_nonnull(again);
    ck_assert_uint_eq(size_again, 32);
    ck_assert_mem_eq(key, again, 32);
    free(again);
    ck_assert_int_eq(unlink(p.key), 0);
    again = br_state_dir_privacy_key(p.state, &privacy, &size_again); /* another one is another one */
    ck_assert_ptr_nonnull(again);
    ck_assert_mem_ne(key, again, 32);
    free(again);
    free(key);
    end(&p);
}
END_TEST

START_TEST(a_half_key_is_none)
{
    struct place p;
    struct br_config_privacy privacy = {0};
    size_t size;
    begin(&p);
    FILE *file = fopen(p.key, "w");
    fputs("short", file);
    fclose(file);
    errno = 0;
    ck_assert_ptr_null(br_state_dir_privacy_key(p.state, &privacy, &size));
    ck_assert_int_eq(errno, EBADMSG);
    file = fopen(p.key, "w");
    fputs("one that is longer than 32 bytes: of something else", file);
    fclose(file);
    errno = 0;
    ck_assert_ptr_null(br_state_dir_privacy_key(p.state, &privacy, &size));
    ck_assert_int_eq(errno, EBADMSG);
    ck_assert_int_eq(unlink(p.key), 0);
    ck_assert_int_eq(mkdir(p.key, 0700), 0);
    ck_assert_ptr_null(br_state_dir_privacy_key(p.state, &privacy, &size));
    ck_assert_int_eq(errno, EISDIR);
    end(&p);
}
END_TEST

START_TEST(a_key_that_cannot_be_written)
{
    struct place p;
    char beside[160];
    struct br_config_privacy privacy = {0};
    size_t size;
    begin(&p);
    snprintf(beside, sizeof beside, "%s.new", p.key);
    ck_assert_int_eq(mkdir(beside, 0700), 0);
    errno = 0;
    ck_assert_ptr_null(br_state_dir_privacy_key(p.state, &privacy, &size));
    ck_assert_int_eq(errno, EISDIR);
    end(&p);
}
END_TEST

START_TEST(the_key_of_the_configuration)
{
    struct place p;
    char path[128];
    struct br_config_privacy privacy = {.key = {.file = path}};
    size_t size = 0;
    begin(&p);
    snprintf(path, sizeof path, "%s/given", p.dir);
    ck_assert_ptr_null(br_state_dir_privacy_key(p.state, &privacy, &size));
    ck_assert_int_eq(errno, ENOENT);
    FILE *file = fopen(path, "w");
    fputs("a given key\n", file);
    fclose(file);
    uint8_t *key = br_state_dir_privacy_key(p.state, &privacy, &size);
    ck_assert_ptr_nonnull(key);
    ck_assert_uint_eq(size, 11);
    ck_assert_mem_eq(key, "a given key", 11);
    ck_assert_int_ne(access(p.key, F_OK), 0); /* none is made beside it */
    free(key);
    end(&p);
}
END_TEST

START_TEST(the_key_of_a_credential)
{
    struct place p;
    char path[128];
    struct br_config_privacy privacy = {.key = {.credential = (char *)"privacy.key"}};
    size_t size = 0;
    begin(&p);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", p.dir, 1), 0);
    snprintf(path, sizeof path, "%s/bruisd_privacy.key", p.dir);
    FILE *file = fopen(path, "w");
    fputs("secret", file);
    fclose(file);
    uint8_t *key = br_state_dir_privacy_key(p.state, &privacy, &size);
    ck_assert_ptr_nonnull(key);
    ck_assert_uint_eq(size, 6);
    free(key);
    end(&p);
}
END_TEST

#ifdef FAILING_MALLOC
START_TEST(without_memory)
{
    struct place p;
    struct br_config_privacy privacy = {0};
    size_t size;
    int error = 0;
    begin(&p);
    failing_arm(1);
    ck_assert_ptr_null(br_state_dir_open(p.path, &error));
    failing_disarm();
    ck_assert_int_eq(error, -ENOMEM);
    failing_arm(1);
    uint8_t *key = br_state_dir_privacy_key(p.state, &privacy, &size);
    failing_disarm();
    ck_assert_ptr_null(key);
    ck_assert_int_ne(access(p.key, F_OK), 0);
    end(&p);
}
END_TEST
#endif

static void tests(TCase *tcase)
{
    tcase_add_test(tcase, makes_its_folder);
    tcase_add_test(tcase, one_process_holds_it);
    tcase_add_test(tcase, a_path_that_cannot_be);
    tcase_add_test(tcase, the_key_is_made_once);
    tcase_add_test(tcase, a_half_key_is_none);
    tcase_add_test(tcase, a_key_that_cannot_be_written);
    tcase_add_test(tcase, the_key_of_the_configuration);
    tcase_add_test(tcase, the_key_of_a_credential);
#ifdef FAILING_MALLOC
    tcase_add_test(tcase, without_memory);
#endif
}

UNIT_MAIN("state_dir", tests)
