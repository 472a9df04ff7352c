#include "children.hpp"

#include <utility>

namespace bench {

namespace {

std::string name_of(const Child& child, const std::string& form) {
  return child.package() + " " + form;
}

}  // namespace

Children::Children(const Options& options, std::string program, Case now)
    : program_(std::move(program)), folder_(options.folder), now_(std::move(now)) {
  for (const auto& package : options.children)
    children_.push_back(std::make_unique<Child>(options, package));
}

void Children::prepare() {
  for (const auto& child : children_) child->prepare(program_, now_);
}

void Children::add_to(Contest& contest) const {
  for (const auto& child : children_)
    for (const auto& form : child->forms())
      contest.add(name_of(*child, form),
                  [child = child.get(), form] { return child->repeat(form); });
}

std::map<std::string, std::string> Children::versions() const {
  std::map<std::string, std::string> all;
  for (const auto& child : children_)
    all.insert(child->versions().begin(), child->versions().end());
  return all;
}

void Children::each_result(
    const std::function<void(const std::string&, const std::string&)>& use) const {
  const auto path = folder_ + "/result";
  for (const auto& child : children_)
    for (const auto& form : child->forms()) {
      child->repeat(form);
      child->save(form, path);
      use(name_of(*child, form), path);
    }
}

}  // namespace bench
