namespace RateLimiter.FuzzTests;

/// <summary>Stops the services that the tests share.</summary>
[SetUpFixture]
public sealed class SharedServicesTearDown
{
    [OneTimeTearDown]
    public Task StopAsync() => SharedServices.StopAsync();
}
