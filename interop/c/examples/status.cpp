// The same from C++: status_cpp FOLDER FINGERPRINT EDITION. Ends with 0 when licensed, 1 when not, 2 with an error.
#include <muster.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

class Failure : public std::runtime_error {
  public:
    explicit Failure(int error)
        : std::runtime_error(std::string(muster_error_code(error)) + ": " + muster_error_cause(error) + " " +
                             muster_error_hint(error)) {}
};

class License {
  public:
    License(const std::string &folder, const std::string &fingerprint, const std::string &edition) {
        muster *opened = nullptr;
        if (int error = muster_open(folder.c_str(), fingerprint.c_str(), edition.c_str(), &opened))
            throw Failure(error);
        handle.reset(opened);
    }

    bool is_licensed() const { return muster_state(handle.get()) == MUSTER_LICENSED; }
    bool may_run() const { return is_licensed() || muster_state(handle.get()) == MUSTER_INITIAL_GRACE || muster_state(handle.get()) == MUSTER_RENEWAL_GRACE; }
    std::string product() const { return muster_product(handle.get()); }
    std::string state() const { return muster_state_name(handle.get()); }
    long long days_left() const { return muster_days_left(handle.get()); }
    bool has(const std::string &feature) const { return may_run() && muster_has_feature(handle.get(), feature.c_str()); }

  private:
    struct Free {
        void operator()(muster *opened) const { muster_free(opened); }
    };
    std::unique_ptr<muster, Free> handle;
};

} // namespace

int main(int arguments, char **argument) {
    if (arguments != 4) {
        std::cerr << "usage: status_cpp FOLDER FINGERPRINT EDITION\n";
        return 2;
    }
    try {
        License license(argument[1], argument[2], argument[3]);
        std::cout << license.product() << ": " << license.state() << ", " << license.days_left() << " days left\n";
        return license.is_licensed() ? 0 : 1;
    } catch (const Failure &failure) {
        std::cerr << failure.what() << "\n";
        return 2;
    }
}
