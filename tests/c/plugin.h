/* What plugin.c gives to plugin_host.c. */
#include "jobring.h"

struct plugin {
    void (*start)(void);
    /* As a job of its own pool. */
    void (*run)(void *(*fn)(void *), void *arg);
    void (*stop)(void);
    int (*is_its_own)(jobring_status (*create)(const jobring_config *, jobring_pool **));
};
