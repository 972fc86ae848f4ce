using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>A fault of the store or the service.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Text">Its description, for the table.</param>
/// <param name="StrikeAsync">Causes it for some time, and ends when it is over.</param>
internal sealed record Fault(string Name, string Text, Func<Deployment, TimeSpan, Task> StrikeAsync)
{
    private static readonly TimeSpan OneWay = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Stutter = TimeSpan.FromMilliseconds(300);

    /// <summary>How long it lasts; null for the schedule's default.</summary>
    public TimeSpan? Duration { get; private init; }

    /// <summary>
    /// Whether an instance of the service is killed, together with the requests that its callers wait for.
    /// </summary>
    public bool KillsService { get; private init; }

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kill", "store killed and started again", (on, _) => KillStoreAsync(on, TimeSpan.Zero)),
        new("away", "store killed and away for a while", KillStoreAsync),
        new("hang", "store hangs (`SIGSTOP`)", HangAsync),
        new(
            "stutter",
            "store hangs for 0.3 s, again and again",
            (on, length) => RepeatAsync(length, Stutter, () => HangAsync(on, Stutter))
        ),
        new("slow", "store takes 60 ms more for everything", SlowAsync),
        new("garbage", "store answers garbage", Behaving(Behaviour.Garbling)),
        new("loading", "store answers `LOADING`", Behaving(Behaviour.Loading)),
        new("readonly", "store is a replica (`READONLY`)", BeReplicaAsync),
        new("closing", "connections are closed at once", Behaving(Behaviour.Closing)),
        new(
            "reset",
            "connections are reset once a second",
            (on, length) =>
                RepeatAsync(
                    length,
                    TimeSpan.FromSeconds(1),
                    () =>
                    {
                        on.Proxy.Reset();
                        return Task.CompletedTask;
                    }
                )
        ),
        new("service", "an instance of the service killed and started again", RestartServiceAsync)
        {
            KillsService = true,
        },
        new("outage60", "store killed and away for 60 s", KillStoreAsync)
        {
            Duration = TimeSpan.FromMinutes(1),
        },
    ];

    /// <summary>All faults except those that only run on request.</summary>
    public static IReadOnlyList<Fault> Usual { get; } =
    [.. All.Where(fault => fault.Duration is null)];

    private static async Task KillStoreAsync(Deployment deployment, TimeSpan length)
    {
        deployment.KillStore();
        await Task.Delay(length);
        await deployment.RestartStoreAsync();
    }

    private static async Task HangAsync(Deployment deployment, TimeSpan length)
    {
        await deployment.Store.Process.SignalAsync("STOP");
        await Task.Delay(length);
        await deployment.Store.Process.SignalAsync("CONT");
    }

    private static async Task SlowAsync(Deployment deployment, TimeSpan length)
    {
        deployment.Proxy.Delay = OneWay;
        await Task.Delay(length);
        deployment.Proxy.Delay = TimeSpan.Zero;
    }

    // Its master does not exist, so that it keeps its data.
    private static async Task BeReplicaAsync(Deployment deployment, TimeSpan length)
    {
        await deployment.Store.AskAsync("REPLICAOF", "127.0.0.1", "1");
        await Task.Delay(length);
        await deployment.Store.AskAsync("REPLICAOF", "NO", "ONE");
    }

    private static async Task RestartServiceAsync(Deployment deployment, TimeSpan length)
    {
        var instance = deployment.Instances[0];
        instance.Kill();
        await instance.StartAsync();
    }

    private static Func<Deployment, TimeSpan, Task> Behaving(Behaviour behaviour) =>
        async (deployment, length) =>
        {
            deployment.Proxy.Become(behaviour);
            await Task.Delay(length);
            deployment.Proxy.Become(Behaviour.Passing);
        };

    private static async Task RepeatAsync(TimeSpan length, TimeSpan pause, Func<Task> strike)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < length)
        {
            await strike();
            await Task.Delay(pause);
        }
    }
}
