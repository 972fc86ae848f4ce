using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>Fastify with rate-limiter-flexible, two processes.</summary>
internal sealed partial class FastifyTarget : Peer
{
    public override string Name => "Fastify + rate-limiter-flexible";

    public static async Task<Target> StartAsync(IEnumerable<Rule> rules)
    {
        var store = await RedisServer.StartAsync();
        var server = new RunningProcess(
            "node",
            ["server.js"],
            Repository.Artifact("fastify"),
            Settings(store, rules),
            Listening
        );
        var listening = await server.WaitUntilReadyAsync();
        return new FastifyTarget
        {
            Address = new Uri(listening.Groups[1].Value),
            Server = server,
            Store = store,
        };
    }

    [GeneratedRegex(@"listening on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }
}
