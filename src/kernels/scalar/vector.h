// "Registers" of one element, for machines of which we know nothing: few of them, so that their small tiles compile quickly.

template <class T>
struct ScalarVector {
  using Element = T;
  using Register = T;
  using Mask = bool;
  static constexpr int width = 1, registers = 8;

  static Register zero() { return T(0); }
  static Register set(T x) { return x; }
  static Register load(const T* p) { return *p; }
  static Register load_partial(const T* p, int n) { return n > 0 ? *p : T(0); }
  static void store(T* p, Register v) { *p = v; }
  static void stream(T* p, Register v) { *p = v; }
  static void store_partial(T* p, Register v, int n) {
    if (n > 0) *p = v;
  }

  static Register in_register(Register a) { return a; }

  static Register add(Register a, Register b) { return a + b; }
  static Register subtract(Register a, Register b) { return a - b; }
  static Register multiply(Register a, Register b) { return a * b; }
  static Register divide(Register a, Register b) { return a / b; }
  static Register quick_divide(Register a, Register b) { return divide(a, b); }
  static Register fma(Register a, Register b, Register c) { return a * b + c; }
  static Register max(Register a, Register b) { return a > b ? a : b; }
  static Register min(Register a, Register b) { return a < b ? a : b; }
  static Register negate(Register a) { return -a; }
  static Register abs(Register a) { return a < 0 ? -a : (a == 0 ? T(0) : a); }
  static Register sqrt(Register a) { return static_cast<T>(__builtin_sqrt(static_cast<double>(a))); }
  static Register floor(Register a) { return static_cast<T>(__builtin_floor(static_cast<double>(a))); }
  static Register ceil(Register a) { return static_cast<T>(__builtin_ceil(static_cast<double>(a))); }
  static Register round(Register a) { return static_cast<T>(__builtin_nearbyint(static_cast<double>(a))); }
  static Register copysign(Register a, Register sign) {
    return static_cast<T>(__builtin_copysign(static_cast<double>(a), static_cast<double>(sign)));
  }

  static Mask less(Register a, Register b) { return a < b; }
  static Mask less_equal(Register a, Register b) { return a <= b; }
  static Mask equal(Register a, Register b) { return a == b; }
  static Mask both(Mask a, Mask b) { return a && b; }
  static Mask either(Mask a, Mask b) { return a || b; }
  static Mask invert(Mask a) { return !a; }
  static Register select(Mask m, Register a, Register b) { return m ? a : b; }

  static Register scale_by_power_of_two(Register a, Register n) {
    return n == n ? static_cast<T>(__builtin_ldexp(static_cast<double>(a), static_cast<int>(n))) : a;
  }
  static Register power_of_low_bits(Register a) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    Bits bits;
    std::memcpy(&bits, &a, sizeof bits);
    bits <<= sizeof(T) == 4 ? 23 : 52;
    std::memcpy(&a, &bits, sizeof bits);
    return a;
  }
  static Register exponent(Register a) {
    int e = 0;
    (void)__builtin_frexp(static_cast<double>(a), &e);
    return static_cast<T>(e - 1);
  }
  static Register mantissa(Register a) {
    int e = 0;
    return static_cast<T>(2 * __builtin_frexp(static_cast<double>(a), &e));
  }

  static T sum(Register a) { return a; }
  static T largest(Register a) { return a; }
  static T smallest(Register a) { return a; }
};

using VectorF32 = ScalarVector<float>;
using VectorF64 = ScalarVector<double>;

// Lanes of 64 bits for random.h: the product of the lower halves.
using Words = std::uint64_t;
static inline Words multiply_words(Words a, Words b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
