using RateLimiter.Application.Stores;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>
/// Reads a client's policies, which can be megabytes, in steps: the store does nothing else during a step, and what it
/// answers to others waits behind its reply.
/// </summary>
internal static class StoredPolicies
{
    private const int PerStep = 250;
    private const int MaxTries = 3;

    /// <summary>Reads until nothing has changed meanwhile.</summary>
    /// <param name="database">The store.</param>
    /// <param name="hashes">Whose fields, the policies' first.</param>
    /// <param name="begin">
    /// Asks for what is to be of the same moment, the first step among it, in an order in which policies are not older than
    /// the version; the version changes with every change of policies.
    /// </param>
    /// <param name="findVersion">Asks for the version alone.</param>
    /// <param name="isOfOneMoment">Whether all of it must be, and not only the policies.</param>
    /// <exception cref="StoreUnavailableException">They change all the time.</exception>
    /// <returns>What each hash has, by field, and what else was asked for.</returns>
    public static async Task<(T Begun, IReadOnlyList<Fields> Hashes)> ReadAsync<T>(
        IDatabase database,
        IReadOnlyList<RedisKey> hashes,
        Func<Step, Task<(long? Version, T Begun)>> begin,
        Func<Task<long?>> findVersion,
        bool isOfOneMoment = false
    )
    {
        for (var i = 1; i <= 3 * MaxTries; i++)
        {
            // Whoever changes them all the time gets them in one piece in the end.
            var size = i < MaxTries ? PerStep : int.MaxValue;
            var step = new Step(hashes[0], size);
            var (version, begun) = await begin(step);
            List<Fields> found = [new()];
            var steps = await step.ReadAsync(database, found[0]);
            foreach (var hash in hashes.Skip(1))
            {
                found.Add([]);
                step = new Step(hash, size);
                step.Ask(database);
                steps += await step.ReadAsync(database, found[^1]);
            }

            if ((steps == 1 && !isOfOneMoment) || await findVersion() == version)
            {
                return (begun, found);
            }
        }

        throw new StoreUnavailableException("The policies change all the time.");
    }

    /// <summary>
    /// Parses policies, some at a time: thousands take some tenths of a second, for which they would keep a thread from
    /// everybody else's requests.
    /// </summary>
    public static async Task<IReadOnlyList<Policy>> ParseAsync(Fields fields)
    {
        var policies = new List<Policy>(fields.Count);
        foreach (var portion in fields.Values.Chunk(PerStep))
        {
            if (policies.Count > 0)
            {
                await Task.Yield();
            }

            policies.AddRange(portion.Select(value => PolicyDocument.Parse(value!)));
        }

        return policies;
    }

    /// <summary>What a hash has, by field.</summary>
    public sealed class Fields : Dictionary<string, RedisValue>;

    /// <summary>Reads a hash, about so many of its fields at a time.</summary>
    public sealed class Step(RedisKey hash, int size)
    {
        private Task<RedisResult>? reply;

        /// <summary>Asks for the next ones, from where the last ones ended.</summary>
        public void Ask(IDatabaseAsync database, long cursor = 0) =>
            reply = database.ExecuteAsync(
                "HSCAN",
                [hash, cursor, "COUNT", size],
                CommandFlags.DemandMaster
            );

        /// <summary>Reads what was asked for and what follows.</summary>
        /// <returns>In how many steps.</returns>
        public async Task<int> ReadAsync(IDatabaseAsync database, Fields fields)
        {
            for (var steps = 1; ; steps++)
            {
                var parts = (RedisResult[])(await reply!)!;
                var entries = (RedisValue[])parts[1]!;
                for (var i = 0; i < entries.Length; i += 2)
                {
                    fields[entries[i]!] = entries[i + 1];
                }

                if ((long)parts[0] is var cursor && cursor == 0)
                {
                    return steps;
                }

                Ask(database, cursor);
            }
        }
    }
}
