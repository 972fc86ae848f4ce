using System.Runtime.InteropServices;
using RateLimiter.Bench;
using RateLimiter.Figures;
using RateLimiter.Soak;

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
    if (!options.WithoutBuild)
    {
        // Compiled ahead of time as in the image: how soon it answers after a start is part of what must hold.
        await Build.PublishServiceAsync(aheadOfTime: true);
    }

    return await SoakAsync(options);
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

async Task<int> SoakAsync(Options options)
{
    var run = await SoakTest.RunAsync(options);
    Console.WriteLine(run.Findings.ToTable());
    Console.WriteLine($"{run.Findings.Describe()}\n");
    foreach (var finding in run.All)
    {
        Console.WriteLine($"{(finding.Holds ? "ok  " : "FAIL")} {finding.Text}");
    }

    if (options.Write)
    {
        var document = new Document(await File.ReadAllTextAsync(Repository.Operations));
        var how = $"`bench/soak.sh {string.Join(' ', args)}`";
        await File.WriteAllTextAsync(
            Repository.Operations,
            document.With("faults", $"{run.Findings.ToTable()}\n{how}\n").Text
        );
    }

    var failed = run.All.Count(finding => !finding.Holds);
    if (options.Check)
    {
        Console.WriteLine($"{run.All.Count - failed} passed, {failed} failed");
    }

    return failed == 0 ? 0 : 1;
}
