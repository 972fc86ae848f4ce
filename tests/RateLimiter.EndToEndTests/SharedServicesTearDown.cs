namespace RateLimiter.EndToEndTests;

/// <summary>Stops the services that the tests share.</summary>
[SetUpFixture]
public sealed class SharedServicesTearDown
{
    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await SharedCluster.StopAsync();
        await SharedServices.StopAsync();
    }
}
