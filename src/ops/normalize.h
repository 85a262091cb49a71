#pragma once
#include <cstdint>
#include <vector>

#include "functions.h"

namespace keratin {

constexpr std::int64_t normalize_grain = 32768;  // elements in one parallel part

// The gradient of an op (dy, x, two statistics of x, gamma if `scale`) -> (dx, d gamma, d beta), by way of the plain ops that compute the same:
// x is normalized over `axes`, gamma and beta are shared along `others`. The statistics count as functions of x.
Values differentiate_normalization_gradient(const GradientContext& g, const std::vector<std::int64_t>& axes, const std::vector<std::int64_t>& others,
                                            double epsilon, bool scale);

}  // namespace keratin
