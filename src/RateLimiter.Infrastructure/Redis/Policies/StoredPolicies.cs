using RateLimiter.Application.Stores;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>
/// Reads a client's policies, which can be megabytes, in steps: the store does nothing else during a step, and its
/// replies to others wait behind this one.
/// </summary>
internal static class StoredPolicies
{
    private const int PerStep = 250;
    private const int MaxTries = 3;

    /// <summary>Reads again until nothing has changed meanwhile.</summary>
    /// <param name="database">The store.</param>
    /// <param name="hashes">The hashes to read, that of the policies first.</param>
    /// <param name="begin">
    /// Requests what has to be consistent, including the first step, in an order in which the policies are not older
    /// than the version; the version changes with every change of policies.
    /// </param>
    /// <param name="findVersion">Requests the version alone.</param>
    /// <param name="isOfOneMoment">Whether everything has to be consistent, and not only the policies.</param>
    /// <exception cref="StoreUnavailableException">The policies keep changing.</exception>
    /// <returns>The fields of each hash, and what else was requested.</returns>
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
            // A client whose policies keep changing finally gets them in one piece.
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

        throw new StoreUnavailableException("The policies keep changing.");
    }

    /// <summary>
    /// Parses policies and overrides in portions: thousands take some tenths of a second, for which they would occupy a thread
    /// that other requests need.
    /// </summary>
    public static async Task<(
        IReadOnlyList<Policy> Policies,
        IReadOnlyList<Override> Overrides
    )> ParseAsync(Fields fields)
    {
        var (policies, overrides) = (new List<Policy>(), new List<Override>());
        foreach (var portion in fields.Chunk(PerStep))
        {
            if (policies.Count + overrides.Count > 0)
            {
                await Task.Yield();
            }

            foreach (var (field, value) in portion)
            {
                if (RedisKeys.ParseOverrideField(field) is null)
                {
                    policies.Add(PolicyDocument.Parse(value!));
                }
                else
                {
                    overrides.Add(OverrideDocument.Parse(value!));
                }
            }
        }

        return (policies, overrides);
    }

    /// <summary>The content of a hash, by field.</summary>
    public sealed class Fields : Dictionary<string, RedisValue>;

    /// <summary>Reads a hash, about the given number of its fields at a time.</summary>
    public sealed class Step(RedisKey hash, int size)
    {
        private Task<RedisResult>? reply;

        /// <summary>Requests the next fields, from the given cursor.</summary>
        public void Ask(IDatabaseAsync database, long cursor = 0) =>
            reply = database.ExecuteAsync(
                "HSCAN",
                [hash, cursor, "COUNT", size],
                CommandFlags.DemandMaster
            );

        /// <summary>Reads the requested fields and all that follow.</summary>
        /// <returns>The number of steps.</returns>
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
