using RateLimiter.IntegrationTests.Postgres;
using RateLimiter.IntegrationTests.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Contracts;

/// <summary>PostgreSQL, with the projection in Redis.</summary>
internal sealed class PostgresContractStore() : ContractStore("Postgres")
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static PostgresRecords? shared;

    public override async Task<Ports> OpenAsync()
    {
        await Gate.WaitAsync();
        try
        {
            shared ??= await PostgresRecords.CreateAsync(
                await PostgresServer.GetSharedAsync(),
                (await TestStore.GetAsync(StoreKind.Redis)).Connection
            );
            return shared.Ports;
        }
        finally
        {
            Gate.Release();
        }
    }
}
