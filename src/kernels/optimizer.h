// Steps of the optimizers, one pass over parameter, slots and gradient, all updated where they are. `s` holds the scalars in the order
// each kernel names. keep = 1 - weight_decay * learning_rate shrinks the parameter first.

// s: learning_rate, keep
template <class V>
static void sgd(typename V::Element* p, const typename V::Element* g, std::size_t n, const typename V::Element* s) {
  const typename V::Register rate = V::set(-s[0]), keep = V::set(s[1]);
  for (std::size_t i = 0; i < n; i += V::width) {
    put<V>(p + i, V::fma(rate, take<V>(g + i, n - i), V::multiply(keep, take<V>(p + i, n - i))), n - i);
  }
}

// s: learning_rate, keep, momentum, nesterov (0 or 1)
template <class V>
static void sgd_momentum(typename V::Element* p, typename V::Element* m, const typename V::Element* g, std::size_t n, const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), momentum = V::set(s[2]);
  const bool nesterov = s[3] != 0;
  for (std::size_t i = 0; i < n; i += V::width) {
    const typename V::Register step = V::multiply(rate, take<V>(g + i, n - i));
    const typename V::Register velocity = V::subtract(V::multiply(momentum, take<V>(m + i, n - i)), step);
    const typename V::Register ahead = nesterov ? V::subtract(V::multiply(momentum, velocity), step) : velocity;
    put<V>(m + i, velocity, n - i);
    put<V>(p + i, V::fma(keep, take<V>(p + i, n - i), ahead), n - i);
  }
}

// s: alpha = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t), keep, 1 - beta_1, 1 - beta_2, epsilon; v_max: for amsgrad, or null
template <class V>
static void adam(typename V::Element* p, typename V::Element* m, typename V::Element* v, typename V::Element* v_max, const typename V::Element* g,
                 std::size_t n, const typename V::Element* s) {
  const typename V::Register alpha = V::set(s[0]), keep = V::set(s[1]), rest_1 = V::set(s[2]), rest_2 = V::set(s[3]), epsilon = V::set(s[4]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), first = take<V>(m + i, left), second = take<V>(v + i, left);
    const typename V::Register mean = V::fma(V::subtract(gradient, first), rest_1, first);
    typename V::Register square = V::fma(V::subtract(V::multiply(gradient, gradient), second), rest_2, second);
    put<V>(m + i, mean, left);
    put<V>(v + i, square, left);
    if (v_max) {
      square = V::max(take<V>(v_max + i, left), square);
      put<V>(v_max + i, square, left);
    }
    const typename V::Register step = V::divide(V::multiply(alpha, mean), V::add(V::sqrt(square), epsilon));
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), step), left);
  }
}

// s: learning_rate / (1 - beta_1^t), keep, 1 - beta_1, beta_2, epsilon
template <class V>
static void adamax(typename V::Element* p, typename V::Element* m, typename V::Element* u, const typename V::Element* g, std::size_t n,
                   const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), rest_1 = V::set(s[2]), beta_2 = V::set(s[3]), epsilon = V::set(s[4]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), first = take<V>(m + i, left);
    const typename V::Register mean = V::fma(V::subtract(gradient, first), rest_1, first);
    const typename V::Register norm = V::max(V::multiply(beta_2, take<V>(u + i, left)), V::abs(gradient));
    put<V>(m + i, mean, left);
    put<V>(u + i, norm, left);
    const typename V::Register step = V::divide(V::multiply(rate, mean), V::add(norm, epsilon));
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), step), left);
  }
}

// s: learning_rate, keep, rho, 1 - rho, epsilon, momentum; mean: for centered, or null; m: for momentum, or null
template <class V>
static void rmsprop(typename V::Element* p, typename V::Element* v, typename V::Element* mean, typename V::Element* m, const typename V::Element* g,
                    std::size_t n, const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), rho = V::set(s[2]), rest = V::set(s[3]), epsilon = V::set(s[4]);
  const typename V::Register momentum = V::set(s[5]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left);
    const typename V::Register square = V::fma(rest, V::multiply(gradient, gradient), V::multiply(rho, take<V>(v + i, left)));
    put<V>(v + i, square, left);
    typename V::Register spread = V::add(square, epsilon);
    if (mean) {
      const typename V::Register average = V::fma(rest, gradient, V::multiply(rho, take<V>(mean + i, left)));
      put<V>(mean + i, average, left);
      spread = V::add(V::subtract(square, V::multiply(average, average)), epsilon);
    }
    typename V::Register step = V::divide(V::multiply(rate, gradient), V::sqrt(spread));
    if (m) {
      step = V::fma(momentum, take<V>(m + i, left), step);
      put<V>(m + i, step, left);
    }
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), step), left);
  }
}

// s: learning_rate, keep, epsilon
template <class V>
static void adagrad(typename V::Element* p, typename V::Element* a, const typename V::Element* g, std::size_t n, const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), epsilon = V::set(s[2]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), total = V::fma(gradient, gradient, take<V>(a + i, left));
    put<V>(a + i, total, left);
    const typename V::Register step = V::divide(V::multiply(rate, gradient), V::sqrt(V::add(total, epsilon)));
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), step), left);
  }
}

// s: learning_rate, keep, rho, 1 - rho, epsilon
template <class V>
static void adadelta(typename V::Element* p, typename V::Element* a, typename V::Element* d, const typename V::Element* g, std::size_t n,
                     const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), rho = V::set(s[2]), rest = V::set(s[3]), epsilon = V::set(s[4]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), deltas = take<V>(d + i, left);
    const typename V::Register total = V::fma(rest, V::multiply(gradient, gradient), V::multiply(rho, take<V>(a + i, left)));
    const typename V::Register ratio = V::divide(V::sqrt(V::add(deltas, epsilon)), V::sqrt(V::add(total, epsilon)));
    const typename V::Register delta = V::multiply(ratio, gradient);
    put<V>(a + i, total, left);
    put<V>(d + i, V::fma(rest, V::multiply(delta, delta), V::multiply(rho, deltas)), left);
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), V::multiply(rate, delta)), left);
  }
}

// s: learning_rate, keep, 1 - beta_1, 1 - beta_2, epsilon, factor of m, factor of the gradient, 1 / (1 - beta_2^t)
template <class V>
static void nadam(typename V::Element* p, typename V::Element* m, typename V::Element* v, const typename V::Element* g, std::size_t n,
                  const typename V::Element* s) {
  const typename V::Register rate = V::set(s[0]), keep = V::set(s[1]), rest_1 = V::set(s[2]), rest_2 = V::set(s[3]), epsilon = V::set(s[4]);
  const typename V::Register of_mean = V::set(s[5]), of_gradient = V::set(s[6]), unbias = V::set(s[7]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), first = take<V>(m + i, left), second = take<V>(v + i, left);
    const typename V::Register mean = V::fma(V::subtract(gradient, first), rest_1, first);
    const typename V::Register square = V::fma(V::subtract(V::multiply(gradient, gradient), second), rest_2, second);
    put<V>(m + i, mean, left);
    put<V>(v + i, square, left);
    const typename V::Register direction = V::fma(of_mean, mean, V::multiply(of_gradient, gradient));
    const typename V::Register step = V::divide(V::multiply(rate, direction), V::add(V::sqrt(V::multiply(unbias, square)), epsilon));
    put<V>(p + i, V::subtract(V::multiply(keep, take<V>(p + i, left)), step), left);
  }
}

// learning_rate_power = -0.5. s: learning_rate, keep, l1, 2 (l2 + beta / (2 learning_rate)), 2 l2_shrinkage
template <class V>
static void ftrl(typename V::Element* p, typename V::Element* a, typename V::Element* l, const typename V::Element* g, std::size_t n,
                 const typename V::Element* s) {
  using T = typename V::Element;
  const typename V::Register per_rate = V::set(T(1) / s[0]), keep = V::set(s[1]), l1 = V::set(s[2]), l2 = V::set(s[3]), shrinkage = V::set(s[4]);
  for (std::size_t i = 0; i < n; i += V::width) {
    const std::size_t left = n - i;
    const typename V::Register gradient = take<V>(g + i, left), parameter = V::multiply(keep, take<V>(p + i, left)), before = take<V>(a + i, left);
    const typename V::Register total = V::fma(gradient, gradient, before), root = V::sqrt(total);
    const typename V::Register sigma = V::multiply(V::subtract(root, V::sqrt(before)), per_rate);
    const typename V::Register linear = V::fma(parameter, V::subtract(shrinkage, sigma), V::add(take<V>(l + i, left), gradient));
    const typename V::Register clipped = V::min(l1, V::max(V::negate(l1), linear));
    put<V>(l + i, linear, left);
    put<V>(a + i, total, left);
    put<V>(p + i, V::divide(V::subtract(clipped, linear), V::fma(root, per_rate, l2)), left);
  }
}
