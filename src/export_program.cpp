// Traces and programs.
#include <chrono>

#include "glue.h"
#include "graph/program.h"
#include "train/background.h"

using namespace keratin;

namespace {

Rcpp::List wrap_all(const Values& values) {
  Rcpp::List out(static_cast<R_xlen_t>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) out[static_cast<R_xlen_t>(i)] = wrap_tensor(values[i]);
  return out;
}

}  // namespace

// [[Rcpp::export(rng = false)]]
SEXP trace_begin() { return wrap_pointer(new GraphPtr(begin_trace()), "trace"); }

// [[Rcpp::export(rng = false)]]
void trace_end(SEXP graph) {
  guarded([&]() -> SEXP {
    end_trace(behind<GraphPtr>(graph, "trace"));
    return R_NilValue;
  });
}

// [[Rcpp::export(rng = false)]]
bool trace_is_on() { return is_tracing(); }

// `shape`: NA where the size is unknown.
// [[Rcpp::export(rng = false)]]
SEXP trace_placeholder(std::string dtype, Rcpp::NumericVector shape) {
  return guarded([&]() -> SEXP {
    Shape sizes;
    for (double size : shape) sizes.append(Rcpp::NumericVector::is_na(size) ? unknown_size : static_cast<std::int64_t>(size));
    return wrap_tensor(placeholder({dtype_from_name(dtype), sizes}));
  });
}

// [[Rcpp::export(rng = false)]]
SEXP program_create(SEXP graph, Rcpp::List outputs) {
  return guarded([&]() -> SEXP {
    return wrap_pointer(new Program(behind<GraphPtr>(graph, "trace"), values_from(outputs)), "program");
  });
}

// [[Rcpp::export(rng = false)]]
SEXP program_run_call(SEXP program, Rcpp::List inputs) {
  return guarded([&]() -> SEXP {
    Program& ready = behind<Program>(program, "program");
    const Types& types = ready.input_types();
    if (static_cast<std::size_t>(inputs.size()) != types.size())
      fail_argument("a program takes ", types.size(), " inputs. Received: ", inputs.size(), ".");
    Tensors tensors;
    for (R_xlen_t i = 0; i < inputs.size(); ++i) tensors.push_back(value_from(inputs[i], &types[static_cast<std::size_t>(i)])->tensor);
    wait_for_background();
    Values results;
    for (Tensor& result : ready.run(tensors)) results.push_back(constant(std::move(result)));
    return wrap_all(results);
  });
}

// Seconds of single runs, for about `budget` seconds after two to warm up: what the benchmark compares, free of R's own time.
// [[Rcpp::export(rng = false)]]
SEXP program_time(SEXP program, Rcpp::List inputs, double budget) {
  return guarded([&]() -> SEXP {
    using Clock = std::chrono::steady_clock;
    const auto seconds_since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
    Program& ready = behind<Program>(program, "program");
    Tensors tensors;
    for (R_xlen_t i = 0; i < inputs.size(); ++i) tensors.push_back(value_from(inputs[i])->tensor);
    for (int warm = 0; warm < 2; ++warm) ready.run(tensors);
    std::vector<double> times;
    const auto begin = Clock::now();
    while (times.size() < 5 || seconds_since(begin) < budget) {
      const auto start = Clock::now();
      ready.run(tensors);
      times.push_back(seconds_since(start));
    }
    return Rcpp::wrap(times);
  });
}

// [[Rcpp::export(rng = false)]]
bool program_is_alive(SEXP program) { return has_tag(program, "program") && R_ExternalPtrAddr(program); }

// [[Rcpp::export(rng = false)]]
SEXP program_summary(SEXP program) {
  return guarded([&]() -> SEXP {
    Program& ready = behind<Program>(program, "program");
    const Program::Summary summary = ready.summary();
    return Rcpp::List::create(Rcpp::Named("steps") = Rcpp::wrap(ready.step_names()), Rcpp::Named("fused") = static_cast<double>(summary.fused),
                              Rcpp::Named("in_place") = static_cast<double>(summary.in_place),
                              Rcpp::Named("arena_bytes") = static_cast<double>(summary.arena_bytes),
                              Rcpp::Named("dropped") = static_cast<double>(summary.dropped));
  });
}
