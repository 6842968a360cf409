#define _POSIX_C_SOURCE 200809L
#include "site.h"
#include "check.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t make_page(uint32_t number, char *page)
{
    const char *status = page_is_missing(number) ? "404 Not Found" : "200 OK";
    char body[MOST_PAGE_BYTES];
    int size = snprintf(body, sizeof body, "<html><head><title>Page %u</title></head>\n", (unsigned)number);
    for (uint32_t i = 0; i < page_links(number); i++)
        size += snprintf(body + size, sizeof body - (size_t)size, "<a href=\"/page/%u\">Read on</a>\n",
                         (unsigned)page_link(number, i));
    size += snprintf(body + size, sizeof body - (size_t)size, "</html>\n");
    size = snprintf(page, MOST_PAGE_BYTES, "HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n%s", status, size, body);
    CHECK(size > 0 && size < MOST_PAGE_BYTES);
    return (size_t)size;
}

/* Reads to the end of the request's head; false if the client has gone before. */
static int read_request(int fd, char *request, size_t room)
{
    size_t size = 0;
    do {
        ssize_t got = recv(fd, request + size, room - 1 - size, 0);
        if (got <= 0)
            return 0;
        size += (size_t)got;
        request[size] = '\0';
    } while (strstr(request, "\r\n\r\n") == NULL && size < room - 1);
    return 1;
}

static void answer(struct site *site, int fd)
{
    char request[512], page[MOST_PAGE_BYTES];
    unsigned number = 0;
    if (!read_request(fd, request, sizeof request))
        return;
    CHECK(sscanf(request, "GET /page/%u HTTP/1.0\r\n", &number) == 1 && number < PAGES);
    unsigned inside = atomic_fetch_add(&site->inside, 1) + 1, most = atomic_load(&site->most);
    while (inside > most && !atomic_compare_exchange_weak(&site->most, &most, inside))
        ;
    atomic_fetch_add(&site->asked, 1);

    size_t size = make_page(number, page);
    int stalls = site->stalls && page_stalls(number);
    if (stalls)
        size /= 2;
    for (size_t sent = 0; sent < size;) {
        ssize_t more = send(fd, page + sent, size - sent, MSG_NOSIGNAL);
        if (more < 0)
            break;
        sent += (size_t)more;
    }
    if (stalls)
        (void)recv(fd, request, sizeof request, 0);  /* until the client gives up */
    /* Before the close, at which the client's next request may begin. */
    atomic_fetch_sub(&site->inside, 1);
}

static void *run(void *arg)
{
    struct site *site = arg;
    while (!atomic_load(&site->over)) {
        int fd = accept(site->listener, NULL, NULL);
        CHECK(fd >= 0 || errno == ECONNABORTED);
        if (fd >= 0) {
            answer(site, fd);
            CHECK(close(fd) == 0);
        }
    }
    return NULL;
}

void site_open(struct site *site, int stalls)
{
    socklen_t size = sizeof site->address;
    memset(site, 0, sizeof *site);
    site->stalls = stalls;
    site->address.sin_family = AF_INET;
    site->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    site->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(site->listener >= 0);
    CHECK(bind(site->listener, (struct sockaddr *)&site->address, size) == 0);
    CHECK(listen(site->listener, SOMAXCONN) == 0);
    CHECK(getsockname(site->listener, (struct sockaddr *)&site->address, &size) == 0);
    for (int i = 0; i < SITE_THREADS; i++)
        CHECK(pthread_create(&site->threads[i], NULL, run, site) == 0);
}

void site_close(struct site *site)
{
    atomic_store(&site->over, 1);
    for (int i = 0; i < SITE_THREADS; i++) {
        /* Ends one accept, of any of the threads. */
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&site->address, sizeof site->address) == 0);
        CHECK(close(fd) == 0);
    }
    for (int i = 0; i < SITE_THREADS; i++)
        CHECK(pthread_join(site->threads[i], NULL) == 0);
    CHECK(close(site->listener) == 0);
}
