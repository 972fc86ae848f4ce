namespace RateLimiter.ApiTests;

/// <summary>Stops the services that the tests share.</summary>
[SetUpFixture]
public sealed class SharedServicesTearDown
{
    [OneTimeTearDown]
    public Task StopAsync() => SharedServices.StopAsync();
}
