/* The test program's few words: a test is a function, RUN runs it, CHECK and CHECK_STATUS hold it to something. */
#ifndef CHECK_H
#define CHECK_H

#include <dlrt.h>
#include <stdbool.h>

/* Counts a failed condition against the running test, and goes on. */
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)

/* The call must return this status; one other than DLRT_OK must also leave a message. */
#define CHECK_STATUS(expected, call) check_status((expected), (call), __FILE__, __LINE__, #call)

#define RUN(test) run_test(#test, test)

bool check(bool condition, const char *file, int line, const char *text);
bool check_status(dlrt_status expected, dlrt_status found, const char *file, int line, const char *text);
void run_test(const char *name, void (*test)(void));

/* Says that the running test, or a part of it, cannot be done here. */
void skip(const char *reason);

/* Prints "N passed, N failed"; the exit code of the program. */
int report(void);

#endif
