[assembly: Parallelizable(ParallelScope.Fixtures)]

// Most of them wait for a server that is a process of its own.
[assembly: LevelOfParallelism(3)]
