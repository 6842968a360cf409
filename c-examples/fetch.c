/* Shows many blocking downloads with a limit, a deadline and Ctrl-C: at most IN_FLIGHT pages are on their way, a
 * job reads and parses each, the results come in the order in which they finish, and what is late is cancelled.
 * Each link is checked by watching the job of the page that it leads to. Where two mirrors have a page, the first
 * answer counts. The program starts the web sites itself. */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "site.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { IN_FLIGHT = 16, WORKERS = 8, LOOK_AGAIN_US = 20000, NOT_FOUND = 404, INTERRUPTED = 130, RACES = 20 };
#define MILLISECOND ((int64_t)1000000)

struct crawl;

struct page {
    struct crawl *crawl;
    uint32_t number;
    jobring_job job;
    int in_flight, fetched;
    uint32_t bytes, links, link_to[MOST_LINKS];  /* what the job found */
    jobring_watched watched;                     /* the job, whose end other pages want to know */
    jobring_done_node checks[MOST_LINKS];        /* one for each link */
};

struct crawl {
    struct site site;
    jobring_pool *pool;
    jobring_completions *queue;
    struct page pages[PAGES];
    uint32_t submitted, arrived, overtaken;
    uint32_t fetched, missing, cancelled, stopped;  /* cancelled before they ran, stopped while they ran */
    uint64_t bytes, links;
    atomic_uint alive, dead, unknown;  /* of the links; counted by the callbacks, on any thread */
    int interrupted;
};

static jobring_interrupt stop;
/* The pool that the main thread waits for; valid while the signals are not blocked. */
static _Atomic(jobring_pool *) waited_for;

static void on_signal(int number)
{
    (void)number;
    (void)jobring_interrupt_raise(atomic_load(&waited_for), &stop);
}

/* Only the main thread ever takes them, and only while it waits: the site's threads inherit that they are blocked. */
static void mask_signals(int how)
{
    sigset_t signals;
    CHECK(sigemptyset(&signals) == 0 && sigaddset(&signals, SIGINT) == 0 && sigaddset(&signals, SIGALRM) == 0);
    CHECK(pthread_sigmask(how, &signals, NULL) == 0);
}

static int64_t now(void)
{
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (int64_t)time.tv_sec * 1000 * MILLISECOND + time.tv_nsec;
}

/* Reads to the end; the length, or -1 with errno. Now and then it looks whether the job was asked to stop. */
static ssize_t read_all(const struct crawl *crawl, int fd, char *text, size_t room)
{
    size_t size = 0;
    while (size < room) {
        ssize_t got = recv(fd, text + size, room - size, 0);
        if (got == 0)
            return (ssize_t)size;
        if (got > 0)
            size += (size_t)got;
        else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            return -1;
        if (jobring_cancel_requested(crawl->pool) == 1) {
            errno = ECANCELED;
            return -1;
        }
    }
    errno = EMSGSIZE;
    return -1;
}

/* The page's text with a zero behind it; its length, or -1 with errno. */
static ssize_t get(const struct crawl *crawl, uint32_t number, char *text, size_t room)
{
    const struct sockaddr_in *address = &crawl->site.address;
    const struct timeval look_again = {.tv_usec = LOOK_AGAIN_US};
    ssize_t size = -1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    int request = snprintf(text, room, "GET /page/%u HTTP/1.0\r\n\r\n", (unsigned)number);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look_again, sizeof look_again) == 0 &&
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        send(fd, text, (size_t)request, MSG_NOSIGNAL) == request)
        size = read_all(crawl, fd, text, room - 1);
    int error = errno;
    CHECK(close(fd) == 0);
    errno = error;
    if (size >= 0)
        text[size] = '\0';
    return size;
}

/* Is the page what it should be? It should have all its links, and no byte more or less than it says. */
static int parse(struct page *page, const char *text, size_t size)
{
    const char *body = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
    const char *title = strstr(text, "<title>Page "), *link = title;
    if (body == NULL || length == NULL || title == NULL)
        return 0;
    page->bytes = (uint32_t)(text + size - (body + 4));
    while ((link = strstr(link, "<a href=\"/page/")) != NULL) {
        link += strlen("<a href=\"/page/");
        if (page->links == MOST_LINKS)
            return 0;
        page->link_to[page->links++] = (uint32_t)strtoul(link, NULL, 10);
    }
    return strtoul(length + strlen("Content-Length: "), NULL, 10) == page->bytes &&
           strtoul(title + strlen("<title>Page "), NULL, 10) == page->number &&
           page->links == page_links(page->number);
}

/* Called when the page that a link leads to has ended: at once, if it had before. */
static void check_link(void *arg, const jobring_outcome *target)
{
    struct crawl *crawl = arg;
    if (target->status == JOBRING_OK)
        atomic_fetch_add(&crawl->alive, 1);
    else if (target->status == JOBRING_E_FAILED && target->code == NOT_FOUND)
        atomic_fetch_add(&crawl->dead, 1);
    else
        atomic_fetch_add(&crawl->unknown, 1);
}

/* Whether the target has been fetched, is on its way, or has not even been submitted makes no difference. */
static void check_links(struct crawl *crawl, struct page *page)
{
    for (uint32_t i = 0; i < page->links; i++) {
        CHECK(page->link_to[i] == page_link(page->number, i));
        page->checks[i] = (jobring_done_node){.done = check_link, .arg = crawl};
        TRY(jobring_watch(&crawl->pages[page->link_to[i]].watched, &page->checks[i]));
    }
}

/* The job. */
static void *fetch(void *arg)
{
    struct page *page = arg;
    char text[MOST_PAGE_BYTES];
    ssize_t size = get(page->crawl, page->number, text, sizeof text);
    if (size < 0)
        TRY(jobring_fail(errno, "no page"));
    else if (strncmp(text, "HTTP/1.0 404", 12) == 0)
        TRY(jobring_fail(NOT_FOUND, "not found"));
    else if (!parse(page, text, (size_t)size))
        TRY(jobring_fail(EPROTO, "a page with mistakes"));
    return page;
}

static int submit_next(struct crawl *crawl)
{
    jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
    struct page *page = &crawl->pages[crawl->submitted];
    page->crawl = crawl;
    page->number = crawl->submitted;
    options.when_full = JOBRING_WHEN_FULL_FAIL;
    options.nodes = &page->watched.node;
    jobring_status status = jobring_completions_submit(crawl->queue, fetch, page, &options, &page->job);
    if (status == JOBRING_E_FULL)
        return 0;
    TRY(status);
    page->in_flight = 1;
    crawl->submitted++;
    return 1;
}

static void arrived(struct crawl *crawl, const jobring_outcome *outcome)
{
    struct page *page = outcome->arg;
    CHECK(page->in_flight);
    page->in_flight = 0;
    crawl->arrived++;
    if (page->number > 0 && page[-1].in_flight)
        crawl->overtaken++;
    if (outcome->status == JOBRING_OK) {
        crawl->fetched++;
        crawl->bytes += page->bytes;
        crawl->links += page->links;
        page->fetched = 1;
        check_links(crawl, page);
    } else if (outcome->status == JOBRING_E_CANCELLED) {
        crawl->cancelled++;
    } else {
        CHECK(outcome->status == JOBRING_E_FAILED);
        CHECK(outcome->code == NOT_FOUND || outcome->code == ECANCELED);
        *(outcome->code == NOT_FOUND ? &crawl->missing : &crawl->stopped) += 1;
    }
    if (isatty(STDERR_FILENO))
        CHECK(fprintf(stderr, "\r%u of %d pages, %llu links ", (unsigned)crawl->arrived, PAGES,
                      (unsigned long long)crawl->links) >= 0);
}

/* Takes what is there, and waits for the first of it. False: nothing came in time, or is on its way, or Ctrl-C came. */
static int take_some(struct crawl *crawl, int64_t timeout_ns)
{
    jobring_outcome outcomes[IN_FLIGHT];
    size_t taken = 0;
    for (int i = 0; i < IN_FLIGHT; i++)
        outcomes[i] = (jobring_outcome)JOBRING_OUTCOME_INIT;
    jobring_status status = jobring_completions_take(crawl->queue, timeout_ns, outcomes, IN_FLIGHT, &taken);
    if (status == JOBRING_E_TIMEDOUT || status == JOBRING_E_EMPTY || status == JOBRING_E_INTERRUPTED)
        return 0;
    TRY(status);
    for (size_t i = 0; i < taken; i++)
        arrived(crawl, &outcomes[i]);
    return 1;
}

/* Cancels what waits for a worker, and asks the rest to stop. All of them arrive. */
static void cancel_all(struct crawl *crawl)
{
    for (uint32_t i = 0; i < crawl->submitted; i++) {
        if (!crawl->pages[i].in_flight)
            continue;
        jobring_status status = jobring_cancel(crawl->pool, crawl->pages[i].job);
        CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
    }
}

/* All pages, or those that come within the limit and before Ctrl-C. */
static void fetch_all(struct crawl *crawl, int64_t limit_ns)
{
    const int64_t deadline = now() + limit_ns;
    int64_t left = limit_ns;
    jobring_interrupt_scope scope;
    atomic_store(&waited_for, crawl->pool);
    TRY(jobring_interrupt_begin(crawl->pool, &stop, &scope));
    mask_signals(SIG_UNBLOCK);
    while (left > 0 && crawl->arrived < PAGES && !crawl->interrupted) {
        while (crawl->submitted < PAGES && submit_next(crawl))
            ;
        (void)take_some(crawl, left);
        crawl->interrupted = jobring_interrupt_reset(&stop) == 1;
        left = deadline - now();
    }
    mask_signals(SIG_BLOCK);
    TRY(jobring_interrupt_end(crawl->pool, &scope));
    if (jobring_interrupt_reset(&stop) == 1)  /* it came when the loop had ended */
        crawl->interrupted = 1;
    cancel_all(crawl);
    while (take_some(crawl, JOBRING_FOREVER))
        ;
    if (isatty(STDERR_FILENO))
        CHECK(fputc('\n', stderr) != EOF);
}

static void run(struct crawl *crawl, int stalls, int64_t limit_ns)
{
    jobring_config config = JOBRING_CONFIG_INIT;
    memset(crawl, 0, sizeof *crawl);
    site_open(&crawl->site, stalls);
    for (int i = 0; i < PAGES; i++)
        TRY(jobring_watched_init(&crawl->pages[i].watched));
    config.workers = WORKERS;
    TRY(jobring_create(&config, &crawl->pool));
    TRY(jobring_completions_create(crawl->pool, IN_FLIGHT, &crawl->queue));
    fetch_all(crawl, limit_ns);
    TRY(jobring_completions_destroy(crawl->queue));  /* everything has arrived, or this would fail */
    TRY(jobring_destroy(crawl->pool));
    site_close(&crawl->site);

    /* Each link to a page whose job has ended was checked. */
    uint32_t checked = 0;
    for (const struct page *page = crawl->pages; page < crawl->pages + PAGES; page++)
        for (uint32_t i = 0; page->fetched && i < page->links; i++)
            checked += page->link_to[i] < crawl->submitted;
    CHECK(atomic_load(&crawl->alive) + atomic_load(&crawl->dead) + atomic_load(&crawl->unknown) == checked);
    CHECK(crawl->fetched + crawl->missing + crawl->cancelled + crawl->stopped == crawl->submitted);
    CHECK(crawl->arrived == crawl->submitted && crawl->cancelled + crawl->stopped <= IN_FLIGHT);
    /* The site may learn late that a stopped job has given up. */
    CHECK(atomic_load(&crawl->site.most) <= WORKERS || crawl->stopped > 0);
}

/* The first answer to a page that two mirrors have. One of them stalls at times. */
static void fetch_the_fastest(struct crawl mirrors[2])
{
    jobring_config config = JOBRING_CONFIG_INIT;
    jobring_pool *pool = NULL;
    unsigned won[2] = {0, 0};
    config.workers = WORKERS;
    TRY(jobring_create(&config, &pool));
    for (int i = 0; i < 2; i++) {
        mirrors[i].pool = pool;
        site_open(&mirrors[i].site, i == 0);
    }
    for (uint32_t number = 0; number < RACES; number++) {
        jobring_job jobs[2] = {0, 0};
        size_t first = 2;
        for (int i = 0; i < 2; i++) {
            struct page *page = &mirrors[i].pages[number];
            page->crawl = &mirrors[i];
            page->number = number;
            TRY(jobring_submit(pool, fetch, page, &jobs[i]));
        }
        TRY(jobring_wait_many(pool, jobs, 2, JOBRING_UNTIL_FIRST, NULL, &first, NULL));
        CHECK(first == 1 || (first == 0 && !page_stalls(number)));
        won[first]++;
        jobring_status status = jobring_wait(pool, jobs[first], JOBRING_FOREVER, NULL);
        CHECK(status == (page_is_missing(number) ? JOBRING_E_FAILED : JOBRING_OK));
        status = jobring_cancel(pool, jobs[1 - first]);
        CHECK(status == JOBRING_OK || status == JOBRING_E_BUSY);
        TRY(jobring_detach(pool, jobs[1 - first]));
    }
    TRY(jobring_destroy(pool));
    for (int i = 0; i < 2; i++)
        site_close(&mirrors[i].site);
    SAY("of two mirrors: %u pages came first from the one, %u from the other, which never stalls\n", won[0], won[1]);
}

static int end_after_signal(void)
{
    CHECK(fputs("fetch: interrupted\n", stderr) >= 0);
    return INTERRUPTED;
}

int main(void)
{
    static struct crawl crawl, mirrors[2];
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const struct itimerval soon = {.it_value = {.tv_usec = 300000}};
    uint32_t missing = 0, stalling = 0, dead = 0;
    uint64_t links = 0;
    for (uint32_t number = 0; number < PAGES; number++) {
        missing += (uint32_t)page_is_missing(number);
        stalling += (uint32_t)page_stalls(number);
        links += page_is_missing(number) ? 0 : page_links(number);
        for (uint32_t i = 0; !page_is_missing(number) && i < page_links(number); i++)
            dead += (uint32_t)page_is_missing(page_link(number, i));
    }
    mask_signals(SIG_BLOCK);
    CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0);

    run(&crawl, 0, 60000 * MILLISECOND);
    if (crawl.interrupted)
        return end_after_signal();
    CHECK(crawl.fetched == PAGES - missing && crawl.missing == missing && crawl.links == links);
    CHECK(atomic_load(&crawl.site.asked) == PAGES);
    CHECK(atomic_load(&crawl.dead) == dead && atomic_load(&crawl.alive) == links - dead);
    SAY("%u pages with %llu links (%u of them dead) and %llu bytes, %u missing; %u overtook the one before\n",
        (unsigned)crawl.fetched, (unsigned long long)crawl.links, (unsigned)dead, (unsigned long long)crawl.bytes,
        (unsigned)crawl.missing, (unsigned)crawl.overtaken);

    /* Every tenth page of this site never ends, so that the deadline decides. */
    run(&crawl, 1, 300 * MILLISECOND);
    if (crawl.interrupted)
        return end_after_signal();
    CHECK(crawl.fetched + crawl.missing <= PAGES - stalling && crawl.stopped + crawl.cancelled > 0);
    SAY("with a deadline: %u pages, %u missing, %u stopped, %u cancelled, %u never submitted\n",
        (unsigned)crawl.fetched, (unsigned)crawl.missing, (unsigned)crawl.stopped, (unsigned)crawl.cancelled,
        PAGES - (unsigned)crawl.submitted);

    /* The same without a deadline that counts: a signal ends it, as Ctrl-C would. */
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    run(&crawl, 1, 60000 * MILLISECOND);
    CHECK(crawl.interrupted && crawl.stopped + crawl.cancelled > 0);
    SAY("interrupted: %u pages, %u missing, %u stopped, %u cancelled, %u never submitted\n",
        (unsigned)crawl.fetched, (unsigned)crawl.missing, (unsigned)crawl.stopped, (unsigned)crawl.cancelled,
        PAGES - (unsigned)crawl.submitted);

    fetch_the_fastest(mirrors);
    return EXIT_SUCCESS;
}
