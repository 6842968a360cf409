/* Shows many blocking downloads with a limit and a deadline: at most IN_FLIGHT pages are on their way, a job
 * reads and parses each, the results come in the order in which they finish, and what is late is cancelled.
 * The program starts the web site itself. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "site.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { IN_FLIGHT = 16, WORKERS = 8, LOOK_AGAIN_US = 20000, NOT_FOUND = 404 };
#define MILLISECOND ((int64_t)1000000)

struct crawl;

struct page {
    struct crawl *crawl;
    uint32_t number;
    jobring_job job;
    int in_flight;
    uint32_t bytes, links;  /* what the job found */
};

struct crawl {
    struct site site;
    jobring_pool *pool;
    jobring_completions *queue;
    struct page pages[PAGES];
    uint32_t submitted, arrived, overtaken;
    uint32_t fetched, missing, cancelled, stopped;  /* cancelled before they ran, stopped while they ran */
    uint64_t bytes, links;
};

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
        if (strtoul(link, NULL, 10) != page_link(page->number, page->links++))
            return 0;
    }
    return strtoul(length + strlen("Content-Length: "), NULL, 10) == page->bytes &&
           strtoul(title + strlen("<title>Page "), NULL, 10) == page->number &&
           page->links == page_links(page->number);
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

/* Takes what is there, and waits for the first of it. False: nothing came in time, or is on its way. */
static int take_some(struct crawl *crawl, int64_t timeout_ns)
{
    jobring_outcome outcomes[IN_FLIGHT];
    size_t taken = 0;
    for (int i = 0; i < IN_FLIGHT; i++)
        outcomes[i] = (jobring_outcome)JOBRING_OUTCOME_INIT;
    jobring_status status = jobring_completions_take(crawl->queue, timeout_ns, outcomes, IN_FLIGHT, &taken);
    if (status == JOBRING_E_TIMEDOUT || status == JOBRING_E_EMPTY)
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

/* All pages, or those that come within the limit. */
static void fetch_all(struct crawl *crawl, int64_t limit_ns)
{
    const int64_t deadline = now() + limit_ns;
    int64_t left = limit_ns;
    while (left > 0 && crawl->arrived < PAGES) {
        while (crawl->submitted < PAGES && submit_next(crawl))
            ;
        (void)take_some(crawl, left);
        left = deadline - now();
    }
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
    config.workers = WORKERS;
    TRY(jobring_create(&config, &crawl->pool));
    TRY(jobring_completions_create(crawl->pool, IN_FLIGHT, &crawl->queue));
    fetch_all(crawl, limit_ns);
    TRY(jobring_completions_destroy(crawl->queue));  /* everything has arrived, or this would fail */
    TRY(jobring_destroy(crawl->pool));
    site_close(&crawl->site);

    CHECK(crawl->fetched + crawl->missing + crawl->cancelled + crawl->stopped == crawl->submitted);
    CHECK(crawl->arrived == crawl->submitted && crawl->cancelled + crawl->stopped <= IN_FLIGHT);
    CHECK(atomic_load(&crawl->site.most) <= WORKERS);
}

int main(void)
{
    static struct crawl crawl;
    uint32_t missing = 0, stalling = 0;
    uint64_t links = 0;
    for (uint32_t number = 0; number < PAGES; number++) {
        missing += (uint32_t)page_is_missing(number);
        stalling += (uint32_t)page_stalls(number);
        links += page_is_missing(number) ? 0 : page_links(number);
    }

    run(&crawl, 0, 60000 * MILLISECOND);
    CHECK(crawl.fetched == PAGES - missing && crawl.missing == missing && crawl.links == links);
    CHECK(atomic_load(&crawl.site.asked) == PAGES);
    SAY("%u pages with %llu links and %llu bytes, %u missing; %u overtook the one before\n",
        (unsigned)crawl.fetched, (unsigned long long)crawl.links, (unsigned long long)crawl.bytes,
        (unsigned)crawl.missing, (unsigned)crawl.overtaken);

    /* Every tenth page of this site never ends, so that the deadline decides. */
    run(&crawl, 1, 300 * MILLISECOND);
    CHECK(crawl.fetched + crawl.missing <= PAGES - stalling && crawl.stopped + crawl.cancelled > 0);
    SAY("with a deadline: %u pages, %u missing, %u stopped, %u cancelled, %u never submitted\n",
        (unsigned)crawl.fetched, (unsigned)crawl.missing, (unsigned)crawl.stopped, (unsigned)crawl.cancelled,
        PAGES - (unsigned)crawl.submitted);
    return EXIT_SUCCESS;
}
