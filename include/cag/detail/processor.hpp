#pragma once

#include <string>
#include <string_view>

namespace cag::detail {

/// Of the instruction sets that AOTInductor names, such as "AVX512 AVX512_VNNI AMX_TILE", the first
/// that this processor lacks; empty where it has them. AMX is not asked for: LibTorch does, where
/// it is used.
inline std::string lacking_instructions(std::string_view names) {
#if defined(__x86_64__)
  const auto asks = [&](std::string_view name) { return names.find(name) != names.npos; };
  if (asks("AVX512") && !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")))
    return "AVX512";
  if (asks("AVX512_VNNI") && !__builtin_cpu_supports("avx512vnni")) return "AVX512_VNNI";
  if (asks("AVX2") && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")))
    return "AVX2";
  if (asks("NEON") || asks("SVE")) return std::string(names);
#else
  if (names.find("AVX") != names.npos) return std::string(names);
#endif
  return {};
}

}  // namespace cag::detail
