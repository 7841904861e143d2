#pragma once

/// Everything a program needs to train and use models with Troupe:
///
///     troupe::catalogue known = troupe::catalogue::builtin();
///     troupe::job job = troupe::read_job("job.yaml", {"training.epochs=3"}, known);
///     troupe::train_options options;
///     options.observer.on_report = [](const troupe::report& r) { ... };
///     troupe::train_result result = troupe::train(job, options, known);
///     result.model->save("model.troupe");

#include "troupe/actors/configure.hpp"
#include "troupe/base/error.hpp"
#include "troupe/cluster/train.hpp"
#include "troupe/cluster/trained_model.hpp"
#include "troupe/config/job.hpp"
#include "troupe/config/reader.hpp"
