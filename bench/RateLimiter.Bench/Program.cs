using System.Runtime.InteropServices;
using RateLimiter.Bench;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Scenarios;
using RateLimiter.Figures;

if (args is [ClientProcess.Argument, var load])
{
    await ClientProcess.RunAsync(load);
    return 0;
}

if (args.Contains("--help"))
{
    Console.Write(Options.Help);
    return 0;
}

using var interrupted = PosixSignalRegistration.Create(
    PosixSignal.SIGINT,
    StartedResources.Interrupt
);
using var terminated = PosixSignalRegistration.Create(
    PosixSignal.SIGTERM,
    StartedResources.Interrupt
);
try
{
    var options = Options.Parse(args);
    Tools.ThrowIfMissing(options.Settings.WithoutPeers);
    if (!options.WithoutBuild)
    {
        await Build.RunAsync(options.Settings.WithoutPeers, aheadOfTime: !options.Check);
    }

    return options.Check
        ? await new Check(options.Settings, options.Scenarios).RunAsync()
        : await MeasureAsync(options);
}
catch (Exception) when (StartedResources.IsInterrupted)
{
    return 130;
}
catch (BenchException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
finally
{
    StartedResources.Dispose();
}

async Task<int> MeasureAsync(Options options)
{
    var machine = await Machine.DescribeAsync(options.Settings.WithoutPeers);
    Console.WriteLine(machine);
    var how =
        $"`bench/run.sh {string.Join(' ', args)}`, medians of {options.Settings.Rounds} rounds of {options.Settings.Duration.TotalSeconds} s.";
    Dictionary<string, string> parts = new() { ["machine"] = machine };
    SortedDictionary<string, double> figures = [];
    foreach (var scenario in Scenario.All.Where(one => options.Scenarios.Contains(one.Name)))
    {
        var outcome = await scenario.RunAsync(options.Settings);
        Console.WriteLine($"{scenario.Name}\n\n{outcome.Text}");
        parts[scenario.Name] = $"{outcome.Text}\n{how}\n";
        foreach (var (key, value) in outcome.Figures)
        {
            figures[key] = Math.Round(value, 3);
        }
    }

    Console.WriteLine($"{Goal.Compare(figures)}");
    if (options.Write)
    {
        // Figures that were not measured this time are kept.
        foreach (var (key, value) in Promises.Read())
        {
            figures.TryAdd(key, value);
        }

        Promises.Write(figures);
        parts["goals"] = $"{Goal.Compare(figures)}";
        var document = new Document(await File.ReadAllTextAsync(Repository.Document));
        document = parts.Aggregate(document, (page, part) => page.With(part.Key, part.Value));
        await File.WriteAllTextAsync(Repository.Document, document.Text);
    }

    return 0;
}
