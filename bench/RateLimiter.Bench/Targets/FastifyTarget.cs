using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>Fastify with rate-limiter-flexible, two processes.</summary>
internal sealed partial class FastifyTarget(Owned owned) : Peer(owned)
{
    public override string Name => "Fastify + rate-limiter-flexible";

    public static Task<Target> StartAsync(
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        Owned.MakeAsync<Target>(async owned =>
        {
            var store = owned.Add(await RedisServer.StartAsync(cancellationToken));
            var server = owned.Add(
                new RunningProcess(
                    "node",
                    ["server.js"],
                    Repository.Artifact("fastify"),
                    Settings(store, rules),
                    Listening
                )
            );
            var listening = await server.WaitUntilReadyAsync(cancellationToken);
            return new FastifyTarget(owned)
            {
                Address = new Uri(listening.Groups[1].Value),
                Server = server,
                Store = store,
                ApiKey = MadeUpKey,
            };
        });

    [GeneratedRegex(@"listening on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }
}
