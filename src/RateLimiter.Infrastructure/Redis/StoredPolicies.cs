using RateLimiter.Application;
using RateLimiter.Domain.Clients;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

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
    /// <param name="client">Whose.</param>
    /// <param name="begin">
    /// Asks for what is to be of the same moment, the first step among it, in an order in which policies are not older than
    /// the version; the version changes with every change of policies.
    /// </param>
    /// <param name="findVersion">Asks for the version alone.</param>
    /// <param name="isOfOneMoment">Whether all of it must be, and not only the policies.</param>
    /// <exception cref="StoreUnavailableException">They change all the time.</exception>
    /// <returns>The policies, and what else was asked for.</returns>
    public static async Task<(T Begun, IEnumerable<RedisValue> Policies)> ReadAsync<T>(
        IDatabase database,
        ClientId client,
        Func<Step, Task<(long? Version, T Begun)>> begin,
        Func<Task<long?>> findVersion,
        bool isOfOneMoment = false
    )
    {
        for (var i = 1; i <= 3 * MaxTries; i++)
        {
            // Whoever changes them all the time gets them in one piece in the end.
            var step = new Step(client, i < MaxTries ? PerStep : int.MaxValue);
            var (version, begun) = await begin(step);
            var (cursor, found) = await step.FindAsync();
            if (cursor == 0 && !isOfOneMoment)
            {
                return (begun, found.Values);
            }

            while (cursor != 0)
            {
                step.Ask(database, cursor);
                (cursor, var more) = await step.FindAsync();
                foreach (var (field, policy) in more)
                {
                    found[field] = policy;
                }
            }

            if (await findVersion() == version)
            {
                return (begun, found.Values);
            }
        }

        throw new StoreUnavailableException("The policies change all the time.");
    }

    /// <summary>One step.</summary>
    /// <param name="client">Whose.</param>
    /// <param name="size">About how many policies.</param>
    public sealed class Step(ClientId client, int size)
    {
        private Task<RedisResult>? reply;

        public void Ask(IDatabaseAsync database, long cursor = 0) =>
            reply = database.ExecuteAsync(
                "HSCAN",
                [RedisKeys.Policies(client), cursor, "COUNT", size],
                CommandFlags.DemandMaster
            );

        /// <returns>Where the next step begins, 0 when there is none; and policies by field.</returns>
        public async Task<(long Cursor, Dictionary<RedisValue, RedisValue> Policies)> FindAsync()
        {
            var parts = (RedisResult[])(await reply!)!;
            var entries = (RedisValue[])parts[1]!;
            var policies = new Dictionary<RedisValue, RedisValue>(entries.Length / 2);
            for (var i = 0; i < entries.Length; i += 2)
            {
                policies[entries[i]] = entries[i + 1];
            }

            return ((long)parts[0], policies);
        }
    }
}
