using System.Globalization;
using RateLimiter.Bench.Scenarios;

namespace RateLimiter.Bench;

/// <summary>The options of the command line.</summary>
internal sealed record Options
{
    public static string Help { get; } =
        $"""
            bench/run.sh [option…]

              --scenarios NAME,…  of {string.Join(
                ", ",
                Scenario.All.Select(scenario => scenario.Name)
            )}; all but {Scenario.ByHand} when left out
              --rounds N          measurements of each target (5)
              --seconds N         how long each takes (5)
              --warm-up N         seconds of a run before the first; there are as many as make it faster (3)
              --no-peers          without nginx and Fastify
              --no-build          with what the last run built
              --write             puts the figures into docs/benchmarks.md and bench/promises.json
              --check             the short form: fails when a ratio falls behind what was promised
              --subjects N, --policies N, --tenants N   the size of {Scenario.ByHand}

            """;

    public IReadOnlyList<string> Scenarios { get; private init; } =
    [.. Scenario.All.Select(scenario => scenario.Name).Where(name => name != Scenario.ByHand)];

    public Settings Settings { get; private init; } = new();

    public bool Write { get; private init; }

    public bool Check { get; private init; }

    public bool WithoutBuild { get; private init; }

    /// <exception cref="BenchException">An option is invalid.</exception>
    public static Options Parse(IEnumerable<string> arguments)
    {
        var options = new Options();
        var left = new Queue<string>(arguments);
        while (left.TryDequeue(out var name))
        {
            var settings = options.Settings;
            options = name switch
            {
                "--scenarios" => options with { Scenarios = Names(left) },
                "--rounds" => options with { Settings = settings with { Rounds = Number(left) } },
                "--seconds" => options with
                {
                    Settings = settings with { Duration = Seconds(left) },
                },
                "--warm-up" => options with { Settings = settings with { WarmUp = Seconds(left) } },
                "--no-peers" => options with { Settings = settings with { WithoutPeers = true } },
                "--no-build" => options with { WithoutBuild = true },
                "--write" => options with { Write = true },
                "--check" => options with
                {
                    Check = true,
                    Settings = new Settings
                    {
                        WarmUp = TimeSpan.FromSeconds(1),
                        Duration = TimeSpan.FromSeconds(2),
                        Rounds = 3,
                        WithoutPeers = true,
                        Best = true,
                    },
                },
                "--subjects" => Scaled(scale => scale with { Subjects = Number(left) }),
                "--policies" => Scaled(scale => scale with { Policies = Number(left) }),
                "--tenants" => Scaled(scale => scale with { Tenants = Number(left) }),
                _ => throw new BenchException($"There is no option {name}.\n\n{Help}"),
            };

            Options Scaled(Func<ScaleSettings, ScaleSettings> change) =>
                options with
                {
                    Settings = settings with { Scale = change(settings.Scale) },
                };
        }

        return options;
    }

    private static string[] Names(Queue<string> left)
    {
        var names = Next(left).Split(',');
        return
            names.Except(Scenario.All.Select(scenario => scenario.Name)).FirstOrDefault()
                is { } unknown
            ? throw new BenchException($"There is no scenario {unknown}.\n\n{Help}")
            : names;
    }

    private static TimeSpan Seconds(Queue<string> left) => TimeSpan.FromSeconds(Number(left));

    private static int Number(Queue<string> left) =>
        int.TryParse(Next(left), CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new BenchException($"A number is missing.\n\n{Help}");

    private static string Next(Queue<string> left) =>
        left.TryDequeue(out var value)
            ? value
            : throw new BenchException($"A value is missing.\n\n{Help}");
}
