/* The parts of the test program. */
#ifndef TESTS_H
#define TESTS_H

void test_null(void);
void test_arguments(void);
void test_errors(void);
void test_models(void);
void test_damage(void);
void test_runs(void);
void test_stages(void);
void test_profile(void);
void test_jpegs(void);
void test_lifetime(void);
void test_environment(void);

#endif
