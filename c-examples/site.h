/* A web site on 127.0.0.1 whose pages are made up: what fetch reads. It has its own threads, and no pool. */
#ifndef SITE_H
#define SITE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* More threads than fetch may have requests, so that one too many would be seen. */
enum { PAGES = 200, SITE_THREADS = 32, MOST_PAGE_BYTES = 4096, MOST_LINKS = 23 };

struct site {
    struct sockaddr_in address;
    int stalls;                  /* page_stalls() holds: half of such a page comes, and no more */
    int listener;
    atomic_int over;
    atomic_uint asked, inside, most;  /* requests; those that are being answered, and the most of them */
    pthread_t threads[SITE_THREADS];
};

/* Every page has links, which a reader can check: to page_link(number, 0), page_link(number, 1) and so on. */
static inline uint32_t page_links(uint32_t number)
{
    return 1 + number * 7 % MOST_LINKS;
}

static inline uint32_t page_link(uint32_t number, uint32_t link)
{
    return (number * 31 + link * 17) % PAGES;
}

static inline int page_is_missing(uint32_t number)
{
    return number % 50 == 9;
}

static inline int page_stalls(uint32_t number)
{
    return number % 10 == 7;
}

void site_open(struct site *site, int stalls);
void site_close(struct site *site);

#endif
