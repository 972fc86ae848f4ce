using RateLimiter.IntegrationTests.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests;

/// <summary>Stops the servers that the tests of all folders share.</summary>
[SetUpFixture]
public sealed class SharedStores
{
    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await TestStore.StopAllAsync();
        await PostgresServer.StopSharedAsync();
    }
}
