#pragma once
#include "graph.h"

namespace keratin {

// A trace made ready to run: dead code dropped, ops fused, memory planned.
class Program {
 public:
  Program(const GraphPtr& graph, const Values& outputs);
  ~Program();
  const Types& input_types() const;
  const Types& output_types() const;

  // Runs once. Variables are only written after everything that can fail has been done.
  Tensors run(const Tensors& inputs) {
    Run begun = begin(inputs);
    return finish(begun);
  }

  // The same in two halves: begin() on R's thread (it draws a seed and may give variables new memory), finish() on any. Between the
  // two the program's variables and the program itself belong to the run.
  struct Run {
    Tensors inputs;
    std::vector<BufferPtr> output_buffers;
    RunContext context;
  };
  Run begin(Tensors inputs);
  Tensors finish(Run& run);

  // Counts, for tests and for explain: steps, fused, in_place, arena bytes.
  struct Summary {
    std::size_t steps, fused, in_place, arena_bytes, dropped;
  };
  Summary summary() const;
  std::vector<std::string> step_names() const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

}  // namespace keratin
