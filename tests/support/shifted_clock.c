/* Shifts the wall clock of a process by SHIFTED_CLOCK_SECONDS, loaded by LD_PRELOAD; see shifted_clock.py.
 *
 * Debian's libfaketime shifts the monotonic clock too, or, told not to, the deadlines of its waits: a thread that waits
 * for a lock then waits for ever, or sleeps not at all. Only what tells the date is shifted here; no wait is touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t shift(void) {
    static int is_read;
    static time_t seconds;
    if (!is_read) {
        const char *given = getenv("SHIFTED_CLOCK_SECONDS");
        seconds = given ? (time_t)atoll(given) : 0;
        is_read = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int code = real(now, zone);
    if (code == 0) now->tv_sec += shift();
    return code;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
