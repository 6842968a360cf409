// jobring.hpp - the thread pool for C++17 and later. Header only: include it, and link the C library (pkg-config jobring).
//
// SPDX-License-Identifier: MIT OR Apache-2.0
//
//     jobring::pool pool(4);                                  four workers; by default one for each CPU
//     jobring::future<int> sum = pool.submit(add, 20, 22);    any callable, also one that can only be moved
//     std::cout << sum.get();                                 its result, or its exception
//     pool.for_each(numbers, [](int &n) { n *= 2; });         a loop, on this thread and on free workers
//
// CONTENTS
//
//     error             what is thrown: a jobring_status in words
//     options           how to make a pool
//     future<R>         the result of a job: get, status, wait, wait_for, wait_until, cancel, then, co_await
//     when_any          waits for the first of several futures
//     pool              submit, try_submit, detach, for_each, transform, scope, wait_idle, cancel_all, pause, resize, shutdown
//     scope             jobs that use the caller's variables
//     completions<R>    takes jobs in the order in which they end
//
// A job lies in a slot of the pool, and later its result does. A heap block is made for a callable or a
// result of more than 48 bytes (32 if it is aligned to 16; with a larger options::payload that less 32, for callables), for each whose
// move can throw, and for an exception. Nothing else allocates, except where it is said.
//
// A result that nobody took holds its slot. A thread that submits more jobs than the pool has slots, and only then begins to ask for
// results, waits for ever: take results in between, detach() what has none, or take jobs as they end (completions).
//
// A job that fails throws; it does not call jobring_fail(). With -fno-exceptions, what would be thrown ends the process with a
// message, except that a refused submit returns a future that is not valid(). -fno-rtti makes no difference.
//
// Any number of threads may use a pool, a scope and a completions at once; a future is used by one thread at a time. jobring.h says
// more about each call, and error has every status that it names.

#ifndef JOBRING_HPP
#define JOBRING_HPP

#include "jobring.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__cpp_impl_coroutine) && __has_include(<coroutine>)
#include <coroutine>
#endif
#if __cplusplus >= 202002L && __has_include(<stop_token>)
#include <stop_token>
#endif

// Units that are compiled as C++17 and as C++20, or with and without exceptions, can be linked together. But these types are other
// types in each, so that such units do not pass them to each other.
#ifdef __cpp_lib_jthread
#define JOBRING_STOP_ with_stop_tokens
#else
#define JOBRING_STOP_ without_stop_tokens
#endif
#ifdef __cpp_exceptions
#define JOBRING_THROW_ with_exceptions
#define JOBRING_TRY_ try
#else
#define JOBRING_THROW_ without_exceptions
#define JOBRING_TRY_ if constexpr (true)
#endif
// A job may end its thread (pthread_exit). In libstdc++ that is an exception, which must go on.
#if defined(__cpp_exceptions) && defined(__GLIBCXX__)
#include <cxxabi.h>
// (UndefinedBehaviorSanitizer reports that class's reference.)
#define JOBRING_MAY_EXIT_ __attribute__((no_sanitize("null")))
#define JOBRING_CATCH_EXIT_(...)                                                                                       \
    catch (abi::__forced_unwind &) {                                                                                   \
        __VA_ARGS__;                                                                                                   \
        throw;                                                                                                         \
    }
#else
#define JOBRING_MAY_EXIT_
#define JOBRING_CATCH_EXIT_(...)
#endif

namespace jobring {
inline namespace JOBRING_STOP_ {
inline namespace JOBRING_THROW_ {

/// What is thrown when a call of the library fails, or when the result of a job is asked for that did not run.
class error : public std::exception {
public:
    explicit error(jobring_status status) noexcept : status_(status) {}
    /// Why: a JOBRING_E_ code.
    jobring_status status() const noexcept { return status_; }
    const char *what() const noexcept override { return jobring_status_text(status_); }

private:
    jobring_status status_;
};

template <class R> class future;
class pool;

namespace detail {

[[noreturn]] inline void fail(jobring_status status) {
#ifdef __cpp_exceptions
    throw error(status);
#else
    std::fprintf(stderr, "jobring: %s\n", jobring_status_text(status));
    std::abort();
#endif
}

inline void check(jobring_status status) { if (status < 0) fail(status); }

[[noreturn]] inline void rethrow(std::exception_ptr thrown) {
#ifdef __cpp_exceptions
    if (thrown) std::rethrow_exception(std::move(thrown));
#endif
    (void)thrown;
    fail(JOBRING_E_FAILED);
}

inline bool is_end(jobring_status status) {
    return status == JOBRING_OK || status == JOBRING_E_FAILED || status == JOBRING_E_CANCELLED || status == JOBRING_E_SHUTDOWN;
}

/// Nanoseconds for the library: rounded up, centuries are for ever.
template <class Rep, class Period> std::int64_t timeout(const std::chrono::duration<Rep, Period> &time) {
    if (time <= time.zero()) return 0;
    if (std::chrono::duration<double>(time) > std::chrono::hours(24 * 365 * 200)) return JOBRING_FOREVER;
    return std::chrono::ceil<std::chrono::nanoseconds>(time).count();
}

/// What is kept of a result: a reference as a pointer, nothing as an empty object.
struct nothing {};
template <class R> using kept = std::conditional_t<std::is_void_v<R>, nothing,
                                std::conditional_t<std::is_reference_v<R>, std::remove_reference_t<R> *, std::remove_cv_t<R>>>;

template <class R, class F> kept<R> call(F &&f) {
    if constexpr (std::is_void_v<R>)
        return static_cast<void>(std::forward<F>(f)()), nothing();
    else if constexpr (std::is_reference_v<R>)
        return std::addressof(std::forward<F>(f)());
    else
        return std::forward<F>(f)();
}
template <class R> R unpack(kept<R> &&value) {
    if constexpr (std::is_reference_v<R>)
        return static_cast<R>(*value);
    else if constexpr (!std::is_void_v<R>)
        return std::move(value);
}

/// Calls f, and returns what it throws.
template <class F> JOBRING_MAY_EXIT_ std::exception_ptr guard(F &&f) {
    JOBRING_TRY_ {
        std::forward<F>(f)();
    }
    JOBRING_CATCH_EXIT_()
#ifdef __cpp_exceptions
    catch (...) { return std::current_exception(); }
#endif
    return nullptr;
}

/// How a job ended, outside of its slot.
template <class R> struct outcome {
    jobring_status status = JOBRING_PENDING;
    std::optional<kept<R>> value;
    std::exception_ptr thrown;

    void set(jobring_status how, void *what) {
        if (how == JOBRING_OK)
            set_by([what] { return std::move(*static_cast<kept<R> *>(what)); });
        else
            fail(how, what ? *static_cast<std::exception_ptr *>(what) : nullptr);
    }
    template <class F> void set_by(F &&f) {
        if (std::exception_ptr failed = detail::guard([&] { value.emplace(f()); }))
            fail(JOBRING_E_FAILED, std::move(failed));
        else
            status = JOBRING_OK;
    }
    void fail(jobring_status how, std::exception_ptr what) {
        thrown = std::move(what);
        status = how;
    }
    /// For what follows.
    void *value_or_thrown() {
        if (status == JOBRING_OK) return std::addressof(*value);
        return &thrown;
    }
    R get() {
        if (status == JOBRING_E_FAILED) rethrow(std::move(thrown));
        if (status != JOBRING_OK) detail::fail(status);
        return detail::unpack<R>(std::move(*value));
    }
};

/// A callable and its arguments, as std::thread keeps them. One whose move can throw is kept in a heap block.
template <class F, class... Args> struct bound {
    std::tuple<F, Args...> all;
    template <class... T> explicit bound(std::in_place_t, T &&...each) : all(std::forward<T>(each)...) {}
    decltype(auto) operator()() {
        return std::apply([](auto &...each) -> decltype(auto) { return std::invoke(std::move(each)...); }, all);
    }
};
template <class F> struct bound<F> {
    F f;
    template <class T> explicit bound(std::in_place_t, T &&from) : f(std::forward<T>(from)) {}
    decltype(auto) operator()() { return std::move(f)(); }
};
template <class B> struct boxed {
    std::unique_ptr<B> b;
    decltype(auto) operator()() { return (*b)(); }
};
template <class... T> auto bind(T &&...each) {
    using B = bound<std::decay_t<T>...>;
    if constexpr (std::is_nothrow_move_constructible_v<B>)
        return B(std::in_place, std::forward<T>(each)...);
    else
        return boxed<B>{std::make_unique<B>(std::in_place, std::forward<T>(each)...)};
}

/// What a future brings of what a call returns: a value, also if that is a reference to a temporary.
template <class R> using brought = std::conditional_t<std::is_rvalue_reference_v<R>, std::remove_reference_t<R>, R>;
template <class F> using result_of = brought<decltype(std::declval<F>()())>;

/// What follows a job: called once when it ends, with its value or its exception (a std::exception_ptr). It returns what follows it
/// in turn, with the status and the value for that, which lives as long as `owner`.
struct link {
    link *(*act)(link *self, jobring_status &status, void *&value, std::shared_ptr<void> &owner);
};
inline void follow(link *next, jobring_status status, void *value) noexcept {
    for (std::shared_ptr<void> owner; next;) next = next->act(next, status, value, owner);
}

/// Where the link of a job is put. When the job has ended, `ended` is there.
struct head {
    std::atomic<link *> next{nullptr};
    static inline link ended{nullptr};

    /// False if the job has ended.
    bool add(link *follower) {
        link *none = nullptr;
        return next.compare_exchange_strong(none, follower, std::memory_order_acq_rel);
    }
    void remove(link *follower) { next.compare_exchange_strong(follower, nullptr, std::memory_order_acq_rel); }
    link *close() noexcept { return next.exchange(&ended, std::memory_order_acq_rel); }
    bool end(jobring_status status, void *value) noexcept {
        link *const follower = close();
        follow(follower, status, value);
        return follower != nullptr;
    }
};
/// A job that nothing follows.
struct no_head {
    static bool end(jobring_status, void *) noexcept { return false; }
};
/// A job that nobody asks about. What it throws ends the process, which says what it was.
struct detached : no_head {};

/// The least payload of a pool, and what is left of it for a job that has a future.
constexpr std::uint32_t least_payload = 80;
constexpr std::size_t least_room = least_payload - 3 * sizeof(void *);

constexpr std::size_t rounded_up(std::size_t size, std::size_t align) { return (size + align - 1) / align * align; }

/// Does a value fit, with the word behind it for what follows the job?
template <class V>
constexpr bool fits = std::is_nothrow_move_constructible_v<V> && alignof(V) <= 2 * sizeof(void *) &&
                      rounded_up(rounded_up(sizeof(V), sizeof(void *)) + sizeof(void *), alignof(V)) <= least_room;
/// What is in the slot of a result: itself, or a heap block.
template <class V> struct on_heap { std::unique_ptr<V> value; };
template <class R> using in_slot = std::conditional_t<fits<kept<R>>, kept<R>, on_heap<kept<R>>>;

/// A result that a job returns as a pointer, bit by bit.
template <class R>
constexpr bool is_word = std::is_trivially_copyable_v<kept<R>> && std::is_same_v<in_slot<R>, kept<R>> && sizeof(kept<R>) <= sizeof(void *) && alignof(kept<R>) <= alignof(void *);

template <class V> V *value_of(V &value) { return std::addressof(value); }
template <class V> V *value_of(on_heap<V> &value) { return value.value.get(); }

/// What stands for an exception for which there was no memory.
inline std::exception_ptr no_memory;

/// What is in a job's slot: the callable, then its result.
template <class F, class V> union contents {
    F f;
    V value;
    // What a failure of the job takes of its data (jobring_submit_options.move).
    unsigned char least[sizeof(void *) + 8];
    template <class Source> explicit contents(Source &source) : f(source.make()) {}
    ~contents() {}
};
template <class F, class V> struct body { contents<F, V> in; };

/// A job in its slot. R: what the callable returns.
template <class F, class R, class Head> struct cell : body<F, in_slot<R>>, Head {
    using V = in_slot<R>;
    using body<F, V>::in;
    static constexpr std::size_t head_at = (sizeof(body<F, V>) + alignof(Head) - 1) / alignof(Head) * alignof(Head);

    template <class Source> explicit cell(Source &source) : body<F, V>{contents<F, V>(source)}, Head() {}

    template <class Source> static void build(void *to, void *from, std::size_t) { ::new (to) cell(*static_cast<Source *>(from)); }

    V call_f() {
        if constexpr (std::is_same_v<V, kept<R>>)
            return detail::call<R>(std::move(in.f));
        else
            return V{std::make_unique<kept<R>>(detail::call<R>(std::move(in.f)))};
    }
    JOBRING_MAY_EXIT_ static void *run(void *at) {
        cell &self = *static_cast<cell *>(at);
        std::exception_ptr thrown;
        JOBRING_TRY_ {
            V result = self.call_f();
            self.in.f.~F();
            if (self.end(JOBRING_OK, detail::value_of(result)) || std::is_same_v<Head, detached>) return nullptr;
            if constexpr (std::is_void_v<R>) {
                return nullptr;
            } else if constexpr (is_word<R>) {
                void *word = nullptr;
                std::memcpy(&word, std::addressof(result), sizeof result);
                return word;
            } else {
                ::new (static_cast<void *>(std::addressof(self.in.value))) V(std::move(result));
                return std::is_trivially_destructible_v<V> ? nullptr : at;
            }
        }
        JOBRING_CATCH_EXIT_(self.in.f.~F(); thrown = std::make_exception_ptr(error(JOBRING_E_EXITED));
                            self.end(JOBRING_E_FAILED, &thrown))
#ifdef __cpp_exceptions
        catch (...) {
            if constexpr (std::is_same_v<Head, detached>) std::terminate();
            thrown = std::current_exception();
        }
        self.in.f.~F();
        if (self.end(JOBRING_E_FAILED, &thrown)) return nullptr;
        jobring_fail(1, nullptr);
        auto *const error_of_job = new (std::nothrow) std::exception_ptr(std::move(thrown));
        return error_of_job ? error_of_job : &no_memory;
#endif
    }

    static void drop(void *arg, jobring_status why) {
        cell *const self = static_cast<cell *>(arg);
        if (why == JOBRING_E_FAILED) {
            if (arg != &no_memory) delete static_cast<std::exception_ptr *>(arg);
        } else if (why == JOBRING_E_UNTAKEN) {
            if constexpr (!is_word<R>) self->in.value.~V();
        } else {
            self->in.f.~F();
            self->end(why, nullptr);
        }
    }
};

/// A detached job that is its own argument.
template <class F> JOBRING_MAY_EXIT_ void *run_word(void *word) {
    JOBRING_TRY_ {
        alignas(F) unsigned char at[sizeof(F)];
        std::memcpy(at, &word, sizeof at);
        static_cast<void>((*std::launder(reinterpret_cast<F *>(at)))());
    }
    JOBRING_CATCH_EXIT_()
#ifdef __cpp_exceptions
    catch (...) {
        std::terminate();
    }
#endif
    return nullptr;
}

/// What a submit builds a job from. The callable is moved from when the job is accepted, not before.
template <class F> struct slot_source {
    F &f;
    F make() { return std::move(f); }
};
template <class F> struct heap_source {
    F &f;
    std::unique_ptr<std::optional<F>> block = std::make_unique<std::optional<F>>();
    struct job {
        std::unique_ptr<std::optional<F>> f;
        decltype(auto) operator()() { return std::move (**f)(); }
    };
    job make() {
        block->emplace(std::move(f));
        return {std::move(block)};
    }
};

/// Submits a callable by `put`, which gets arguments of jobring_submit_opts. `room`: the bytes of a slot for the cell. Returns where
/// the head lies in the job's data.
template <class R, class Head, class F, class Put> std::size_t place(F &f, std::size_t room, jobring_status &status, Put put) {
    const auto place_from = [&](auto source) {
        using Cell = cell<decltype(source.make()), R, Head>;
        jobring_submit_options options = JOBRING_SUBMIT_OPTIONS_INIT;
        options.copy = sizeof(Cell);
        options.drop = Cell::drop;
        if constexpr (std::is_trivially_copyable_v<F> && std::is_same_v<decltype(source), slot_source<F>>) {
            Cell made(source);
            options.move = JOBRING_MOVE_BYTES;
            status = put(Cell::run, static_cast<void *>(&made), options);
        } else {
            options.move = Cell::template build<decltype(source)>;
            status = put(Cell::run, static_cast<void *>(&source), options);
        }
        return Cell::head_at;
    };
    if constexpr (alignof(F) <= 2 * sizeof(void *))
        if (sizeof(cell<F, R, Head>) <= room) return place_from(slot_source<F>{f});
    return place_from(heap_source<F>{f});
}

/// A job that somebody has to take, or else gives up.
struct handle {
    jobring_pool *pool = nullptr;
    jobring_job job = 0;

    handle() noexcept = default;
    handle(handle &&other) noexcept : pool(std::exchange(other.pool, nullptr)), job(std::exchange(other.job, 0)) {}
    handle &operator=(handle other) noexcept { return std::swap(pool, other.pool), std::swap(job, other.job), *this; }
    ~handle() { if (job) jobring_detach(pool, job); }
};

/// What a job that failed threw. It is the caller's. (A job that ended its thread leaves nothing.)
inline std::exception_ptr thrown_of(void *error_of_job) {
    if (error_of_job == &no_memory) return std::make_exception_ptr(std::bad_alloc());
    const std::unique_ptr<std::exception_ptr> thrown(static_cast<std::exception_ptr *>(error_of_job));
    return thrown ? std::move(*thrown) : std::make_exception_ptr(error(JOBRING_E_EXITED));
}

/// Calls `by`, which takes a job with a result R; then `to` has how that ended. Else it returns why not.
template <class R, class By> jobring_status take(outcome<R> &to, By by) {
    using V = in_slot<R>;
    union memory {
        V value;
        memory() {}
        ~memory() {}
    } at;
    jobring_outcome taken = JOBRING_OUTCOME_INIT;
    if constexpr (!is_word<R>) {
        taken.data = &at;
        taken.move = [](void *into, void *from, std::size_t) {
            V &source = *static_cast<V *>(from);
            ::new (into) V(std::move(source));
            source.~V();
        };
    }
    const jobring_status status = by(taken);
    if (status < 0 && !is_end(status)) return status;
    if (taken.status == JOBRING_OK) {
        if constexpr (is_word<R>) std::memcpy(static_cast<void *>(std::addressof(at.value)), &taken.result, sizeof(V));
        to.set_by([&] { return std::move(*detail::value_of(at.value)); });
        at.value.~V();
    } else {
        to.fail(taken.status, taken.status == JOBRING_E_FAILED ? thrown_of(taken.result) : nullptr);
    }
    return status;
}

}  // namespace detail

/// How to make a pool. 0 and null: what the C library chooses (jobring_config).
struct options {
    /// Worker threads. 0: one for each CPU.
    std::uint32_t workers = 0;
    /// Slots: jobs that are queued, run, or have a result that nobody took. 0: 1,024.
    std::uint32_t capacity = 0;
    /// Bytes of a slot for a job. 32 of them are the library's. At least 80.
    std::uint32_t payload = 0;
    /// Bytes of each worker's stack.
    std::size_t stack_size = 0;
    /// The most workers that resize() can make. 0: `workers`.
    std::uint32_t grow_to = 0;
    /// The beginning of the workers' names.
    const char *name = nullptr;
    /// All other settings. A field above that is not 0 replaces the one here.
    const jobring_config *base = nullptr;
};

/// The result of a job, as std::future has it. A submit makes it, and it can only be moved.
///
/// Unlike the future of std::async, one that is destroyed does not wait: the job runs, and its result is dropped. A future must not
/// outlive its pool.
template <class R> class [[nodiscard]] future {
public:
    future() noexcept = default;
    future(future &&) noexcept = default;
    future &operator=(future &&) noexcept = default;

    /// Does it have a job? Not after get(), then() and a move, nor if the job was refused.
    bool valid() const noexcept { return handle_.pool != nullptr; }

    /// The pool and the job's handle, for calls of jobring.h. The handle is 0 if the job had ended when then() was called.
    jobring_pool *native_pool() const noexcept { return handle_.pool; }
    jobring_job native_handle() const noexcept { return handle_.job; }

    /// How the job ended: JOBRING_OK, JOBRING_E_FAILED (it threw), JOBRING_E_CANCELLED or JOBRING_E_SHUTDOWN. JOBRING_PENDING: it
    /// has not. Does not block.
    jobring_status status() const { return look(JOBRING_WAIT_POLL, 0); }

    /// Waits until the job has ended. Inside a job of the pool, a job that is still queued runs right here.
    void wait() const { has_ended(look(0, JOBRING_FOREVER)); }

    /// Waits for at most this time. True if the job has ended.
    template <class Rep, class Period> bool wait_for(const std::chrono::duration<Rep, Period> &time) const {
        const std::int64_t limit = detail::timeout(time);
        return has_ended(look(limit == 0 ? JOBRING_WAIT_POLL : 0, limit));
    }

    /// Waits until this time at most. True if the job has ended.
    template <class Clock, class Duration> bool wait_until(const std::chrono::time_point<Clock, Duration> &time) const {
        // Of times that are far away the difference would overflow.
        using seconds = std::chrono::duration<double>;
        return wait_for(seconds(time.time_since_epoch()) - seconds(Clock::now().time_since_epoch()));
    }

#ifdef __cpp_lib_jthread
    /// Waits until the job has ended, or until a stop is requested. True if the job has ended.
    bool wait(const std::stop_token &stop) const {
        require();
        jobring_interrupt interrupt{};
        jobring_interrupt_scope scope;
        const std::stop_callback raise(stop, [&] { jobring_interrupt_raise(handle_.pool, &interrupt); });
        detail::check(jobring_interrupt_begin(handle_.pool, &interrupt, &scope));
        const jobring_status status = look(0, JOBRING_FOREVER);
        jobring_interrupt_end(handle_.pool, &scope);
        return status != JOBRING_E_INTERRUPTED && has_ended(status);
    }
#endif

    /// Waits, and takes the result. Throws what the job threw; error with JOBRING_E_CANCELLED or JOBRING_E_SHUTDOWN if it did not
    /// run; error with JOBRING_E_DEADLOCK if the wait would never end, and then the future is as before.
    R get() {
        detail::outcome<R> outcome;
        take(chain_ ? *chain_ : outcome);
        const std::shared_ptr<chain> owned = std::move(chain_);
        return owned ? owned->get() : outcome.get();
    }

    /// Cancels the job if no thread has started it. Else asks it to stop (std::stop_token, pool::cancel_requested), and returns
    /// false.
    bool cancel() {
        require();
        if (handle_.job && jobring_cancel(handle_.pool, handle_.job) == JOBRING_OK) return true;
#ifdef __cpp_lib_jthread
        stop_.request_stop();
#endif
        return false;
    }

    /// Calls f with the result when the job has ended: on the thread that ends it, as a part of the job, which keeps its slot
    /// meanwhile; or here, before this returns, if the job has ended.
    /// If the job threw or did not run, f is not called, and the future that this returns has the same. This future is not valid()
    /// afterwards. f must not end its thread. Makes one heap block.
    template <class F> auto then(F &&f);

#ifdef __cpp_impl_coroutine
    /// co_await of a future: the coroutine goes on when the job has ended, on the thread that ends it, as a part of it. A cancel of
    /// the job resumes it too, inside that call. An exception that leaves the coroutine there ends the process. A coroutine that waits
    /// must not be destroyed while its job may end at the same time.
    auto operator co_await() && { return awaiter(std::move(*this)); }
#endif

private:
    friend class pool;
    friend class scope;
    template <class> friend class future;

    /// The result of then(): the job and the future own it together.
    struct chain : detail::outcome<R> {
        detail::head head;
    };
    template <class R0, class F> struct step;
#ifdef __cpp_impl_coroutine
    class awaiter;
#endif

    detail::head *head() const {
        if (chain_) return &chain_->head;
        void *data = nullptr;
        detail::check(jobring_job_data(handle_.pool, handle_.job, &data));
        return reinterpret_cast<detail::head *>(static_cast<char *>(data) + head_at_);
    }
    void require() const { if (!valid()) detail::fail(JOBRING_E_STALE); }
    static bool has_ended(jobring_status status) {
        if (detail::is_end(status)) return true;
        if (status != JOBRING_E_TIMEDOUT) detail::check(status);
        return false;
    }
    jobring_status look(std::uint32_t flags, std::int64_t limit) const {
        require();
        jobring_status status = JOBRING_OK;
        if (handle_.job) {
            jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
            options.flags = flags | JOBRING_WAIT_PEEK;
            options.limit_ns = limit;
            status = jobring_wait_opts(handle_.pool, handle_.job, &options, nullptr);
        }
        return chain_ && detail::is_end(status) ? chain_->status : status;
    }
    /// Waits, and brings the outcome. The future is not valid() afterwards. `to`: the chain, if there is one.
    void take(detail::outcome<R> &to) {
        require();
        jobring_status status = JOBRING_OK;
        if (chain_ && handle_.job)
            status = jobring_wait(handle_.pool, handle_.job, JOBRING_FOREVER, nullptr);
        else if (!chain_)
            status = detail::take(to, [this](jobring_outcome &taken) {
                if (taken.move) return jobring_wait_opts(handle_.pool, handle_.job, nullptr, &taken);
                return taken.status = jobring_wait(handle_.pool, handle_.job, JOBRING_FOREVER, &taken.result);
            });
        if (!detail::is_end(status)) detail::fail(status);
        handle_.job = 0;
        handle_.pool = nullptr;
    }

    detail::handle handle_;
    // Where the head lies in the job's data. Not used with a chain.
    std::size_t head_at_ = 0;
    std::shared_ptr<chain> chain_;
#ifdef __cpp_lib_jthread
    std::stop_source stop_{std::nostopstate};
#endif
};

/// What then() makes of a function of an R0 that returns R.
template <class R> template <class R0, class F> struct future<R>::step : detail::link, future<R>::chain {
    std::optional<F> f;
    // Until the job has ended.
    std::shared_ptr<chain> self;

    template <class G> explicit step(G &&function) : detail::link{act}, f(std::forward<G>(function)) {}
    static detail::link *act(detail::link *at, jobring_status &status, void *&value, std::shared_ptr<void> &owner) {
        step &step = *static_cast<struct step *>(at);
        if (status == JOBRING_OK)
            step.set_by([&] {
                return detail::call<R>([&]() -> R {
                    if constexpr (std::is_void_v<R0>)
                        return std::invoke(std::move(*step.f));
                    else
                        return std::invoke(std::move(*step.f), detail::unpack<R0>(std::move(*static_cast<detail::kept<R0> *>(value))));
                });
            });
        else
            step.set(status, value);
        step.f.reset();
        status = step.status;
        value = step.value_or_thrown();
        owner = std::move(step.self);
        return step.head.close();
    }
};

template <class R> template <class F> auto future<R>::then(F &&f) {
    require();
    using G = std::decay_t<F>;
    using R2 = detail::brought<typename std::conditional_t<std::is_void_v<R>, std::invoke_result<G>, std::invoke_result<G, R>>::type>;
    using Step = typename future<R2>::template step<R, G>;
    detail::head *const at = head();
    const auto made = std::make_shared<Step>(std::forward<F>(f));
    made->self = made;
    future<R2> next;
    next.handle_.pool = handle_.pool;
    next.chain_ = made;
    if (at->add(made.get())) {
        next.handle_ = std::move(handle_);
        chain_ = nullptr;
#ifdef __cpp_lib_jthread
        next.stop_ = std::move(stop_);
#endif
        return next;
    }
    detail::outcome<R> outcome;
    const std::shared_ptr<chain> owned = chain_;
    detail::outcome<R> &ended = owned ? *owned : outcome;
    std::exception_ptr refused = detail::guard([&] { take(ended); });
    if (refused) {
        made->self = nullptr;
        detail::rethrow(std::move(refused));
    }
    chain_ = nullptr;
    detail::follow(made.get(), ended.status, ended.value_or_thrown());
    return next;
}

#ifdef __cpp_impl_coroutine
template <class R> class future<R>::awaiter : detail::link {
public:
    explicit awaiter(future &&from) : detail::link{act}, future_(std::move(from)) {}
    bool await_ready() const { return future_.status() != JOBRING_PENDING; }
    bool await_suspend(std::coroutine_handle<> coroutine) {
        coroutine_ = coroutine;
        return future_.head()->add(this);
    }
    // Of a coroutine that is destroyed while it waits.
    ~awaiter() {
        if (coroutine_ && outcome_.status == JOBRING_PENDING && future_.valid()) future_.head()->remove(this);
    }
    R await_resume() { return outcome_.status == JOBRING_PENDING ? future_.get() : outcome_.get(); }

private:
    static detail::link *act(detail::link *at, jobring_status &status, void *&value, std::shared_ptr<void> &) {
        awaiter &self = *static_cast<awaiter *>(at);
        self.outcome_.set(status, value);
        // From here on it is the coroutine's.
        self.coroutine_.resume();
        return nullptr;
    }

    future future_;
    std::coroutine_handle<> coroutine_;
    detail::outcome<R> outcome_;
};
#endif

/// Waits until one of the futures of a range has a job that has ended, and returns an iterator to it; the end of the range if none is
/// valid(), or if `limit` has passed. Takes nothing. All are of one pool. Allocates.
template <class Range, class Limit = std::chrono::nanoseconds> auto when_any(Range &&range, const Limit &limit = Limit::max()) {
    std::vector<jobring_job> jobs;
    std::vector<decltype(std::begin(range))> places;
    for (auto at = std::begin(range); at != std::end(range); ++at) {
        if (!at->valid()) continue;
        if (at->status() != JOBRING_PENDING) return at;
        if (!places.empty() && at->native_pool() != places[0]->native_pool()) detail::fail(JOBRING_E_INVALID);
        jobs.push_back(at->native_handle());
        places.push_back(at);
    }
    jobring_wait_options options = JOBRING_WAIT_OPTIONS_INIT;
    options.limit_ns = detail::timeout(limit);
    if (jobs.empty() || options.limit_ns == 0) return std::end(range);
    std::size_t index = 0;
    const jobring_status status = jobring_wait_many(places[0]->native_pool(), jobs.data(), jobs.size(), JOBRING_UNTIL_FIRST, &options,
                                                    &index, nullptr);
    if (status == JOBRING_E_TIMEDOUT) return std::end(range);
    detail::check(status);
    return places[index];
}

/// Jobs that may use the caller's variables: pool::scope() returns when they have ended. It takes a lock and may allocate.
class scope {
public:
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

    /// Submits f(args...). On a full pool it runs right here. From any thread, also inside jobs of the scope. Throws error with
    /// JOBRING_E_SHUTDOWN on a closed pool; with -fno-exceptions it runs right here then.
    template <class F, class... Args> void spawn(F &&f, Args &&...args);

private:
    friend class pool;
    explicit scope(pool &of) : pool_(of) {}
    // Also where its thread ends (pthread_exit).
    ~scope() { join(); }
    void note(std::exception_ptr thrown) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!thrown_) thrown_ = std::move(thrown);
    }
    void note_end(jobring_status status);
    void forget_ended();
    void join();

    pool &pool_;
    std::mutex mutex_;
    std::vector<future<void>> jobs_;
    std::exception_ptr thrown_;
};

/// A pool of threads. Its destructor waits until every job has run; inside a job of the pool it closes the pool, and leaves it behind.
class pool {
public:
    /// With this many workers; 0: one for each CPU.
    explicit pool(std::uint32_t workers = 0) : pool(with(workers)) {}
    explicit pool(const options &options) {
        jobring_config config = JOBRING_CONFIG_INIT;
        if (options.base) config = *options.base;
        if (options.workers) config.workers = options.workers;
        if (options.capacity) config.capacity = options.capacity;
        if (options.payload) config.payload = options.payload;
        config.payload = std::max(config.payload, detail::least_payload);
        if (options.stack_size) config.stack_size = options.stack_size;
        if (options.grow_to) config.grow_to = options.grow_to;
        if (options.name) config.name = options.name;
        detail::check(jobring_create(&config, &pool_));
        payload_ = config.payload;
    }
    pool(const pool &) = delete;
    pool &operator=(const pool &) = delete;
    ~pool() { if (jobring_destroy(pool_) != JOBRING_OK) jobring_shutdown(pool_, JOBRING_DRAIN, 0, nullptr); }

    jobring_pool *native_handle() const noexcept { return pool_; }

    /// Submits f(args...), and returns the future of its result. Waits for a free slot. If f cannot be called without a
    /// std::stop_token before args, it gets one, which future::cancel stops, and nothing else; it is in a heap block.
    ///
    /// Throws error: JOBRING_E_SHUTDOWN; JOBRING_E_DEADLOCK, inside a job, if no slot can become free. Throws what copying f and args
    /// throws.
    template <class F, class... Args> auto submit(F &&f, Args &&...args) {
#ifdef __cpp_lib_jthread
        if constexpr (std::conjunction_v<std::negation<std::is_invocable<std::decay_t<F>, std::decay_t<Args>...>>,
                                         std::is_invocable<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>>) {
            std::stop_source stop;
            auto job = detail::bind(std::forward<F>(f), stop.get_token(), std::forward<Args>(args)...);
            auto placed = place(job, JOBRING_WHEN_FULL_WAIT);
            placed.stop_ = std::move(stop);
            return placed;
        } else
#endif
        {
            auto job = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
            return place(job, JOBRING_WHEN_FULL_WAIT);
        }
    }

    /// Submits f() if a slot is free. If not, the future is not valid(), and f was not moved from. Does not block.
    template <class F> auto try_submit(F &&f) {
        using G = std::decay_t<F>;
        static_assert(std::is_nothrow_move_constructible_v<G>, "if the move of a callable throws, the callable is lost");
        if constexpr (std::is_same_v<F, G>) {
            return place(f, JOBRING_WHEN_FULL_FAIL);
        } else {
            G copy(f);
            return place(copy, JOBRING_WHEN_FULL_FAIL);
        }
    }

    /// Submits f(args...) and gives up its result. Waits for a free slot. Throws as submit; what the job throws ends the process.
    template <class F, class... Args> void detach(F &&f, Args &&...args) {
        auto job = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
        using F1 = decltype(job);
        jobring_status status = JOBRING_OK;
        if constexpr (std::is_trivially_copyable_v<F1> && sizeof(F1) <= sizeof(void *) && alignof(F1) <= alignof(void *)) {
            void *word = nullptr;
            std::memcpy(static_cast<void *>(&word), static_cast<const void *>(&job), sizeof job);
            return detail::check(jobring_submit(pool_, detail::run_word<F1>, word, nullptr));
        }
        detail::place<void, detail::detached>(job, room(3), status, [&](jobring_fn run, void *from, const jobring_submit_options &options) {
            return jobring_submit_opts(pool_, run, from, &options, nullptr);
        });
        detail::check(status);
    }

    /// Calls f(element) for each element of a range with random access, on this thread and on free workers. `grain`: the fewest
    /// elements that a thread takes at a time; 0 chooses it by timing. When a call throws, no further ones begin, and the first
    /// exception is thrown here when all have returned.
    template <class Range, class F> void for_each(Range &&range, F &&f) { for_each(range, 0, f); }
    template <class Range, class F> void for_each(Range &&range, std::size_t grain, F &&f) {
        const auto first = std::begin(range);
        loop(std::end(range) - first, grain, [&](auto from, auto to) {
            for (; from != to; ++from) std::invoke(f, first[from]);
        });
    }

    /// Writes f(element) for each element of a range to out, in order; both have random access. Returns the end of what it wrote. Else
    /// as for_each.
    template <class Range, class Out, class F> Out transform(Range &&range, Out out, F &&f, std::size_t grain = 0) {
        const auto first = std::begin(range);
        const auto count = std::end(range) - first;
        loop(count, grain, [&](auto from, auto to) {
            for (; from != to; ++from) out[from] = std::invoke(f, first[from]);
        });
        return out + count;
    }

    /// Calls f(scope), and returns when f and every job that was spawned in the scope have ended. Throws what f threw, or else the
    /// first that a job threw, or error if a job was cancelled.
    template <class F> void scope(F &&f) {
        jobring::scope scope(*this);
        std::exception_ptr thrown = detail::guard([&] { static_cast<void>(std::invoke(std::forward<F>(f), scope)); });
        scope.join();
        if (!thrown) thrown = std::move(scope.thrown_);
        if (thrown) detail::rethrow(std::move(thrown));
    }

    /// Waits until every accepted job has ended.
    void wait_idle() { detail::check(jobring_wait_idle(pool_, JOBRING_FOREVER)); }
    /// The same for at most this time. False if it has passed.
    template <class Rep, class Period> bool wait_idle_for(const std::chrono::duration<Rep, Period> &time) {
        return succeeds(jobring_wait_idle(pool_, detail::timeout(time)), JOBRING_E_TIMEDOUT);
    }
    /// Cancels every job that is queued, and returns their number.
    std::uint64_t cancel_all() {
        std::uint64_t cancelled = 0;
        detail::check(jobring_cancel_all(pool_, &cancelled));
        return cancelled;
    }
    /// Inside a job: is it asked to stop?
    bool cancel_requested() const noexcept { return jobring_cancel_requested(pool_) == 1; }
    /// The workers start no job until resume().
    void pause() { detail::check(jobring_pause(pool_)); }
    void resume() { detail::check(jobring_resume(pool_)); }
    /// Sets the number of workers, at most options::grow_to. Waits until those that leave have ended their jobs.
    void resize(std::uint32_t workers) { detail::check(jobring_workers_set(pool_, workers, JOBRING_FOREVER)); }
    /// Refuses new jobs, and waits until those that were accepted have run.
    void shutdown() { detail::check(jobring_shutdown(pool_, JOBRING_DRAIN, JOBRING_FOREVER, nullptr)); }
    /// Refuses new jobs, cancels those that are queued (JOBRING_E_SHUTDOWN), and waits until those that run have returned. It requests
    /// no stop: future::cancel does, as long as there is a future.
    void shutdown_now() { detail::check(jobring_shutdown(pool_, JOBRING_DISCARD, JOBRING_FOREVER, nullptr)); }
    /// Runs the oldest queued job on this thread. False if none is queued.
    bool run_one() { return succeeds(jobring_run_one(pool_), JOBRING_E_EMPTY); }

private:
    friend class scope;
    template <class> friend class completions;

    static options with(std::uint32_t workers) {
        // That would be a pool without workers, or a number below 0.
        if (workers == JOBRING_WORKERS_NONE) detail::fail(JOBRING_E_INVALID);
        options chosen;
        chosen.workers = workers;
        return chosen;
    }
    static bool succeeds(jobring_status status, jobring_status otherwise) {
        if (status != otherwise) detail::check(status);
        return status != otherwise;
    }
    /// The bytes of a slot for a job and its result. `words`: what the library has of it besides.
    std::size_t room(std::size_t words) const { return payload_ - std::min(payload_, words * sizeof(void *)); }

    template <class F> auto place(F &f, std::uint32_t when_full) {
        using R = detail::result_of<F>;
        future<R> placed;
        jobring_status status = JOBRING_OK;
        placed.head_at_ = detail::place<R, detail::head>(f, room(3), status, [&](jobring_fn run, void *from, jobring_submit_options &options) {
            options.when_full = when_full;
            return jobring_submit_opts(pool_, run, from, &options, &placed.handle_.job);
        });
        if (status == JOBRING_OK) placed.handle_.pool = pool_;
#ifdef __cpp_exceptions
        if (status != JOBRING_E_FULL || when_full != JOBRING_WHEN_FULL_FAIL) detail::check(status);
#endif
        return placed;
    }

    /// Calls body(from, to) for parts of a loop.
    template <class Number, class Body> void loop(Number count, std::size_t grain, Body body) {
        struct context {
            Body body;
            std::atomic<bool> has_thrown{false};
            std::exception_ptr thrown{};
        } shared{std::move(body)};
        const auto part = [](void *at, std::size_t from, std::size_t to) -> std::int32_t {
            context &loop = *static_cast<context *>(at);
            std::exception_ptr thrown = detail::guard([&] { loop.body(static_cast<Number>(from), static_cast<Number>(to)); });
            if (thrown && !loop.has_thrown.exchange(true)) loop.thrown = thrown;
            return thrown ? 1 : 0;
        };
        detail::check(jobring_parallel_for(pool_, static_cast<std::size_t>(count), grain, part, &shared, nullptr));
        if (shared.thrown) detail::rethrow(std::move(shared.thrown));
    }

    jobring_pool *pool_ = nullptr;
    std::size_t payload_ = 0;
};

template <class F, class... Args> void scope::spawn(F &&f, Args &&...args) {
    using work = decltype(detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
    struct of_scope {
        scope &at;
        jobring_pool *pool;
        std::optional<work> f;
        void run_here() {
            std::exception_ptr thrown = detail::guard([this] { static_cast<void>((*f)()); });
            f.reset();
            at.note(std::move(thrown));
        }
        // A job that has run gives its slot up. From then on it does not touch the scope.
        void operator()() {
            run_here();
            jobring_job self = 0;
            if (jobring_current_job(pool, &self) == JOBRING_OK) jobring_detach(pool, self);
        }
    } job{*this, pool_.native_handle(), detail::bind(std::forward<F>(f), std::forward<Args>(args)...)};
    std::unique_lock<std::mutex> lock(mutex_);
    if (jobs_.size() == jobs_.capacity()) {
        forget_ended();
        jobs_.reserve(2 * jobs_.size() + 8);
    }
    future<void> placed = pool_.place(job, JOBRING_WHEN_FULL_FAIL);
    if (placed.valid()) return jobs_.push_back(std::move(placed));
    lock.unlock();
    job.run_here();
}

/// Notes how a job ended. Under the lock.
inline void scope::note_end(jobring_status status) {
    if (status != JOBRING_OK && status != JOBRING_E_STALE && !thrown_) thrown_ = std::make_exception_ptr(error(status));
}

inline void scope::forget_ended() {
    const auto has_ended = [this](const future<void> &job) {
        const jobring_status status = job.status();
        if (!detail::is_end(status) && status != JOBRING_E_STALE) return false;
        note_end(status);
        return true;
    };
    jobs_.erase(std::remove_if(jobs_.begin(), jobs_.end(), has_ended), jobs_.end());
}

inline void scope::join() {
    for (std::vector<future<void>> jobs;; jobs.clear()) {
        {
            // What the jobs noted, they noted under it.
            const std::lock_guard<std::mutex> lock(mutex_);
            jobs.swap(jobs_);
        }
        if (jobs.empty()) return;
        for (future<void> &job : jobs) {
            jobring_status status = job.look(0, JOBRING_FOREVER);
            while (!detail::is_end(status) && status != JOBRING_E_STALE && status != JOBRING_E_FORKED) {
                // It cannot run below this thread: nobody else would run it.
                const bool is_hopeless = status == JOBRING_E_STACK || status == JOBRING_E_DEADLOCK;
                if (is_hopeless && jobring_cancel(job.native_pool(), job.native_handle()) == JOBRING_OK) break;
                // The jobs use this scope: nothing but their end ends the wait.
                if (status == JOBRING_E_INTERRUPTED) std::this_thread::sleep_for(std::chrono::milliseconds(1));
                status = job.look(0, 1000 * 1000);
            }
            const std::lock_guard<std::mutex> lock(mutex_);
            note_end(status);
        }
    }
}

/// A job that has ended, from completions<R>. `status`: JOBRING_OK, JOBRING_E_FAILED (it threw), JOBRING_E_CANCELLED or
/// JOBRING_E_SHUTDOWN. get(): the result, once; throws what the job threw, or error with the status.
template <class R> struct completion : detail::outcome<R> {
    /// The number that completions<R>::submit returned.
    jobring_job job = 0;
};

/// Takes jobs in the order in which they end. Its destructor waits for those that are left, and drops what they leave.
///
///     jobring::completions<int> sums(pool);
///     for (int n = 0; n < 100; n++) sums.submit(sum, n);
///     while (auto done = sums.next()) std::cout << done->get();
template <class R> class completions {
public:
    /// `limit`: the most jobs that are submitted and not taken; a submit beyond it waits. 0: as many as the pool has slots.
    explicit completions(pool &of, std::uint32_t limit = 0) : pool_(of.native_handle()), room_(of.room(4)) {
        detail::check(jobring_completions_create(of.native_handle(), limit, &queue_));
    }
    completions(const completions &) = delete;
    completions &operator=(const completions &) = delete;
    ~completions() {
        // Its jobs may use what the caller ends next.
        for (std::optional<completion<R>> left; jobring_completions_destroy(queue_) == JOBRING_E_BUSY;) {
            const jobring_status status = take(JOBRING_FOREVER, left);
            // An interrupt, or a wait that would be for ever: other threads go on.
            if (status != JOBRING_OK && status != JOBRING_E_EMPTY) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// Submits f(args...), which returns what converts to R. Throws as pool::submit. Returns the number of the job, with which
    /// jobring_cancel() works.
    template <class F, class... Args> jobring_job submit(F &&f, Args &&...args) {
        auto job = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
        jobring_job handle = 0;
        jobring_status status = JOBRING_OK;
        detail::place<R, detail::no_head>(job, room_, status, [&](jobring_fn run, void *from, const jobring_submit_options &options) {
            return jobring_completions_submit(queue_, run, from, &options, &handle);
        });
        detail::check(status);
        return handle;
    }

    /// Waits for the next job that ends. None: no job is pending. Where no worker is left that could run what is queued, this runs it.
    std::optional<completion<R>> next() { return wanted(JOBRING_FOREVER); }
    /// The same for at most this time. None also if it has passed.
    template <class Rep, class Period> std::optional<completion<R>> next_for(const std::chrono::duration<Rep, Period> &time) {
        return wanted(detail::timeout(time));
    }

private:
    std::optional<completion<R>> wanted(std::int64_t limit) {
        std::optional<completion<R>> done;
        const jobring_status status = take(limit, done);
        if (status != JOBRING_OK && status != JOBRING_E_EMPTY && status != JOBRING_E_TIMEDOUT) detail::fail(status);
        return done;
    }
    jobring_status take(std::int64_t limit, std::optional<completion<R>> &done) {
        for (;;) {
            done.emplace();
            const jobring_status status = detail::take<R>(*done, [&](jobring_outcome &taken) {
                std::size_t count = 0;
                const jobring_status found = jobring_completions_take(queue_, limit, &taken, 1, &count);
                done->job = taken.job;
                return found;
            });
            if (status == JOBRING_OK) return status;
            done.reset();
            // Nobody else would run what is queued.
            const bool is_alone = status == JOBRING_E_DEADLOCK || status == JOBRING_E_NO_WORKERS;
            if (!is_alone || jobring_run_one(pool_) != JOBRING_OK) return status;
        }
    }

    jobring_pool *pool_;
    jobring_completions *queue_ = nullptr;
    std::size_t room_;
};

}  // namespace JOBRING_THROW_
}  // namespace JOBRING_STOP_
}  // namespace jobring

#undef JOBRING_TRY_
#undef JOBRING_MAY_EXIT_
#undef JOBRING_CATCH_EXIT_
#undef JOBRING_THROW_
#undef JOBRING_STOP_

#endif
