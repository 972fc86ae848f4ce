using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>The yardstick: an MVC action that binds and answers, and does nothing else.</summary>
internal sealed partial class BareTarget(Owned owned) : Target(owned)
{
    public override string Name => "bare MVC action";

    public override bool Decides => false;

    public static Task<Target> StartAsync(CancellationToken cancellationToken) =>
        Owned.MakeAsync<Target>(async owned =>
        {
            var server = owned.Add(
                new RunningProcess(
                    Path.Combine(Repository.Artifact("bare"), "RateLimiter.Bench.Bare"),
                    ["--urls", "http://127.0.0.1:0"],
                    Repository.Artifact("bare"),
                    ready: Listening
                )
            );
            var listening = await server.WaitUntilReadyAsync(cancellationToken);
            return new BareTarget(owned)
            {
                Address = new Uri(listening.Groups[1].Value),
                Server = server,
                ApiKey = MadeUpKey,
            };
        });

    public override Task<long> CountUsedAsync(
        string route,
        int users,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException("It counts nothing.");

    [GeneratedRegex(@"listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }
}
