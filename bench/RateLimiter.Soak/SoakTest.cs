using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>One run: starts everything, drives the load while the faults strike, and evaluates the results.</summary>
/// <param name="Findings">The results of the responses.</param>
/// <param name="All">All conditions that must hold.</param>
internal sealed record SoakTest(Findings Findings, IReadOnlyList<Finding> All)
{
    /// <summary>
    /// The decisions of the witness; fewer than a log keeps, even when the run takes longer than planned.
    /// </summary>
    private const int Decisions = 600;

    /// <summary>How often the short form repeats a fault to see whether responses are in time.</summary>
    private const int Tries = 3;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(100);

    /// <summary>A recorded decision is in the log after this time, if it is to be there.</summary>
    private static readonly TimeSpan LogDelay = TimeSpan.FromSeconds(1);

    public static async Task<SoakTest> RunAsync(Options options)
    {
        var deployment = await Deployment.StartAsync(options.Instances);
        var tenants = await RegisterAsync(deployment);
        var witness = await Tenant.RegisterAsync(
            deployment,
            "witness",
            onStoreFailure: null,
            [Callers.WitnessRule]
        );
        var callers = new Callers(new Mix(tenants), witness, options.Instances);
        using var stop = new CancellationTokenSource();
        var start = Stopwatch.GetTimestamp();
        var pause = options.Duration / Decisions;
        var witnessing = callers.WitnessAsync(pause > LeastPause ? pause : LeastPause, stop.Token);
        var load = callers.RunAsync(options.Rate, stop.Token);
        var standstills = new StandstillWatch();
        var standing = standstills.RunAsync(stop.Token);
        var memory = new MemoryWatch(deployment.Instances);
        var watching = memory.RunAsync(stop.Token);
        var schedule = new Schedule(options.Faults, options.Duration);
        List<Strike> strikes = [.. await schedule.RunAsync(deployment, callers)];
        for (var attempt = 2; options.Check && attempt <= Tries; attempt++)
        {
            // The machine may be busy with something else, so a fault with late responses is repeated.
            var late = Find().Late;
            strikes.AddRange(await schedule.RunOnceAsync(late, deployment, callers));
        }

        await stop.CancelAsync();
        await Task.WhenAll(witnessing, load, watching, standing);
        await Task.Delay(LogDelay);

        var findings = Find();
        var audit = new LogAudit(deployment.Instances, callers.Answers, strikes);
        List<Finding> all = [.. findings.Judge(), await audit.JudgeWitnessAsync(witness)];
        // At a higher rate, a log would not keep what two instances write at the same time.
        if (options.Rate is not null)
        {
            all.Add(await audit.JudgeNewestAsync(tenants));
        }

        return new SoakTest(findings, all);

        Findings Find()
        {
            var answers = callers.Answers;
            return new Findings(
                [.. strikes],
                [
                    .. answers.Where(answer =>
                        Stopwatch.GetElapsedTime(start, answer.Due) >= Schedule.WarmUp
                    ),
                ],
                new Permits(answers, start),
                memory.Samples,
                tenants,
                standstills.All,
                options.Check
            );
        }
    }

    // One tenant for each failure mode, or as many without one when the service does not support it.
    private static async Task<IReadOnlyList<Tenant>> RegisterAsync(Deployment deployment)
    {
        using var visitor = deployment.Instances[0].Service.CreateClient();
        var document = await visitor.GetStringAsync("/openapi.json");
        var isKnown = document.Contains("\"on_store_failure\"", StringComparison.Ordinal);
        List<Tenant> tenants = [];
        foreach (var mode in (string[])["deny", "local", "allow"])
        {
            tenants.Add(
                await Tenant.RegisterAsync(deployment, mode, isKnown ? mode : null, Mix.Rules)
            );
        }

        return tenants;
    }
}
