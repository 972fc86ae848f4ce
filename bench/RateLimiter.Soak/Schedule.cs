using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>One occurrence of a fault. Times are ticks of the stopwatch.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Begin">When it began.</param>
/// <param name="Back">When it was over.</param>
/// <param name="End">When its after-effects are over too.</param>
internal sealed record Strike(Fault Fault, long Begin, long Back, long End)
{
    /// <summary>Whether a request was in flight during the strike.</summary>
    public bool Touches(Answer answer) => answer.Due <= End && answer.Completed >= Begin;
}

/// <summary>When each fault strikes: one after the other, round by round, with calm between.</summary>
internal sealed class Schedule(IReadOnlyList<Fault> faults, TimeSpan duration)
{
    /// <summary>The longest wait for a recovery.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Responses in this time are not measured: the runtime compiles hot code.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AfterRound = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan UsualTurn = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The after-effects of a fault after the first good response: connections are made again, a queue is emptied.
    /// </summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    // The phases of a turn: calm, the fault, and the rest for recovering.
    private const double Before = 0.25;
    private const double During = 0.4;

    private int Rounds =>
        Math.Max(
            1,
            (int)(
                duration.TotalSeconds
                / faults.Sum(fault => (fault.Duration / During ?? UsualTurn).TotalSeconds)
            )
        );

    private TimeSpan Turn => ((duration - WarmUp) / Rounds - AfterRound) / faults.Count;

    /// <summary>Runs all faults, as often as there is time for.</summary>
    public async Task<IReadOnlyList<Strike>> RunAsync(Deployment deployment, Callers callers)
    {
        await Task.Delay(WarmUp);
        List<Strike> strikes = [];
        for (var round = 0; round < Rounds; round++)
        {
            strikes.AddRange(await RunOnceAsync(faults, deployment, callers));
        }

        return strikes;
    }

    /// <summary>Runs some faults once more.</summary>
    public async Task<IReadOnlyList<Strike>> RunOnceAsync(
        IReadOnlyList<Fault> some,
        Deployment deployment,
        Callers callers
    )
    {
        List<Strike> strikes = [];
        foreach (var fault in some)
        {
            var turn = Task.Delay(Turn);
            await Task.Delay(Turn * Before);
            await Console.Error.WriteLineAsync($"  {fault.Name}");
            strikes.Add(await StrikeAsync(fault, deployment, callers));
            await turn;
        }

        await Task.Delay(AfterRound);
        return strikes;
    }

    private async Task<Strike> StrikeAsync(Fault fault, Deployment deployment, Callers callers)
    {
        var begin = Stopwatch.GetTimestamp();
        await fault.StrikeAsync(deployment, fault.Duration ?? Turn * During);
        var back = Stopwatch.GetTimestamp();
        while (!callers.HaveSeenStoreSince(back) && Stopwatch.GetElapsedTime(back) < Patience)
        {
            await Task.Delay(Poll);
        }

        await Task.Delay(Aftermath);
        return new Strike(fault, begin, back, Stopwatch.GetTimestamp());
    }
}
