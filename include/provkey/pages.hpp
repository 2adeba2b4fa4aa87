// Pages of listings, for provkey.hpp. Include <provkey.hpp>.
#ifndef PROVKEY_PAGES_HPP
#define PROVKEY_PAGES_HPP

#include <provkey/base.hpp>

#include <optional>

namespace provkey {

/// Which page of a listing, and its maximum number of entries.
using page_request = plain<provkey_page_request>;

/// A page: its entries, and `page->next`, the cursor of the next page.
template <class Page, auto Free>
class page : public record<Page, Free> {
public:
    using entry = std::remove_pointer_t<std::remove_pointer_t<decltype(Page::items)>>;
    using record<Page, Free>::record;

    /// Iterates over the entries.
    class iterator {
    public:
        explicit iterator(const entry *const *at) noexcept : at_(at) {}

        const entry &operator*() const noexcept { return **at_; }
        const entry *operator->() const noexcept { return *at_; }
        iterator &operator++() noexcept {
            ++at_;
            return *this;
        }
        bool operator==(const iterator &other) const noexcept { return at_ == other.at_; }
        bool operator!=(const iterator &other) const noexcept { return at_ != other.at_; }

    private:
        const entry *const *at_;
    };

    std::size_t size() const noexcept { return this->c()->items_len; }
    const entry &operator[](std::size_t at) const noexcept { return *this->c()->items[at]; }
    iterator begin() const noexcept { return iterator(entries().begin()); }
    iterator end() const noexcept { return iterator(entries().end()); }

private:
    view<const entry *> entries() const noexcept { return {this->c()->items, size()}; }
};

/// All pages of a listing, for one pass with `for`. Pages are fetched as needed, so an entry is
/// valid until the next increment. A failure is thrown as by `result::value()`.
template <class Page, class Fetch>
class listing {
public:
    explicit listing(Fetch fetch) : fetch_(std::move(fetch)) {}

    struct sentinel {};

    /// Iterates over the entries of all pages.
    class iterator {
    public:
        explicit iterator(listing &of) noexcept : of_(&of) {}

        const typename Page::entry &operator*() const noexcept { return (*of_->page_)[of_->at_]; }
        const typename Page::entry *operator->() const noexcept { return &**this; }
        iterator &operator++() {
            of_->at_++;
            of_->turn_over();
            return *this;
        }
        bool operator!=(sentinel) const noexcept { return of_->at_ < of_->page_->size(); }
        bool operator==(sentinel end) const noexcept { return !(*this != end); }

    private:
        listing *of_;
    };

    iterator begin() {
        fetch(nullptr);
        turn_over();
        return iterator(*this);
    }
    sentinel end() const noexcept { return {}; }

private:
    void fetch(const char *after) {
        page_request request;
        request.after = after;
        page_ = fetch_(request).value();
        at_ = 0;
    }

    /// Fetches pages until one has an entry: pages may be empty.
    void turn_over() {
        while (at_ == page_->size() && (*page_)->next != nullptr)
            fetch((*page_)->next);
    }

    Fetch fetch_;
    std::optional<Page> page_;
    std::size_t at_ = 0;
};

} // namespace provkey

#endif
