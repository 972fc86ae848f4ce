using System.Globalization;
using RateLimiter.Bench;

namespace RateLimiter.Soak;

/// <summary>The options of the command line.</summary>
internal sealed record Options
{
    public static string Help { get; } =
        $"""
            bench/soak.sh [option…]

              --minutes N, --seconds N   how long (10 minutes, which is the release test)
              --rate N            checks per second (1000), or max for as many as are answered
              --instances N       processes of the service on one store (2)
              --faults NAME,…     of {string.Join(", ", Fault.All.Select(fault => fault.Name))};
                                  all but outage60 by default
              --no-build          with what the last run built
              --write             puts the table into docs/operations.md
              --check             40 s, and the last line counts what holds

            The exit code is 1 when something that must hold does not.

            """;

    public TimeSpan Duration { get; private init; } = TimeSpan.FromMinutes(10);

    /// <summary>Checks per second; null for as many as get a response.</summary>
    public int? Rate { get; private init; } = 1000;

    public int Instances { get; private init; } = 2;

    public IReadOnlyList<Fault> Faults { get; private init; } = Fault.Usual;

    public bool WithoutBuild { get; private init; }

    public bool Write { get; private init; }

    public bool Check { get; private init; }

    /// <exception cref="BenchException">An option is invalid.</exception>
    public static Options Parse(IEnumerable<string> arguments)
    {
        var options = new Options();
        var left = new Queue<string>(arguments);
        while (left.TryDequeue(out var name))
        {
            options = name switch
            {
                "--minutes" => options with { Duration = TimeSpan.FromMinutes(Number(left)) },
                "--seconds" => options with { Duration = TimeSpan.FromSeconds(Number(left)) },
                "--rate" => options with { Rate = Rates(left) },
                "--instances" => options with { Instances = Number(left) },
                "--faults" => options with { Faults = Named(left) },
                "--no-build" => options with { WithoutBuild = true },
                "--write" => options with { Write = true },
                "--check" => options with { Check = true, Duration = TimeSpan.FromSeconds(40) },
                _ => throw new BenchException($"There is no option {name}.\n\n{Help}"),
            };
        }

        return options;
    }

    private static int? Rates(Queue<string> left)
    {
        if (left.TryPeek(out var value) && value == "max")
        {
            left.Dequeue();
            return null;
        }

        return Number(left);
    }

    private static Fault[] Named(Queue<string> left) =>
        [
            .. Next(left)
                .Split(',')
                .Select(name =>
                    Fault.All.SingleOrDefault(fault => fault.Name == name)
                    ?? throw new BenchException($"There is no fault {name}.\n\n{Help}")
                ),
        ];

    private static int Number(Queue<string> left) =>
        int.TryParse(Next(left), CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new BenchException($"A number is missing.\n\n{Help}");

    private static string Next(Queue<string> left) =>
        left.TryDequeue(out var value)
            ? value
            : throw new BenchException($"A value is missing.\n\n{Help}");
}
