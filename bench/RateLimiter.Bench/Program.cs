using System.Globalization;
using System.Runtime.InteropServices;
using RateLimiter.Bench;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Scenarios;
using RateLimiter.Figures;

if (args.Contains("--help"))
{
    Console.Write(Options.Help);
    return 0;
}

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var options = Options.Parse(args);
    Tools.ThrowIfMissing(options.Settings.WithoutPeers);
    if (!options.WithoutBuild)
    {
        await Build.RunAsync(options.Settings.WithoutPeers, stop.Token);
    }

    return options.Check
        ? await Check.RunAsync(options.Settings, stop.Token)
        : await MeasureAsync(options);
}
catch (BenchException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}

// What was started is stopped on the way out.
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

async Task<int> MeasureAsync(Options options)
{
    var machine = await Machine.DescribeAsync(options.Settings.WithoutPeers, stop.Token);
    Console.WriteLine(machine);
    Dictionary<string, string> parts = new() { ["machine"] = machine };
    SortedDictionary<string, double> figures = [];
    foreach (var name in options.Scenarios)
    {
        await Console.Error.WriteLineAsync(name);
        var scenario = Scenario.All.Single(scenario => scenario.Name == name);
        var outcome = await scenario.RunAsync(options.Settings, stop.Token);
        Console.WriteLine($"\n{name}\n\n{outcome.Text}");
        parts[name] = outcome.Text;
        foreach (var (key, value) in outcome.Figures)
        {
            figures[key] = Math.Round(value, 3);
        }
    }

    Console.WriteLine($"{Goal.Compare(figures)}");
    if (options.Write)
    {
        // Of what was not measured this time, the earlier figures stay.
        foreach (var (key, value) in Promises.Read())
        {
            figures.TryAdd(key, value);
        }

        Promises.Write(figures);
        parts["goals"] = $"{Goal.Compare(figures)}";
        parts["command"] = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            ```sh
            bench/run.sh {string.Join(' ', args)}
            ```

            Medians of {options.Settings.Rounds} rounds of {options.Settings.Duration.TotalSeconds} s; a ratio is the median of the ratios of the rounds.

            """
        );
        var document = new Document(await File.ReadAllTextAsync(Repository.Document, stop.Token));
        foreach (var (name, text) in parts)
        {
            document = document.With(name, text);
        }

        await File.WriteAllTextAsync(Repository.Document, document.Text, stop.Token);
    }

    return 0;
}
