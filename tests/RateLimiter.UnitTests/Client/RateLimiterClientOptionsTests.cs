using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

public sealed class RateLimiterClientOptionsTests
{
    [TestCase("BaseAddress", "/relative")]
    [TestCase("BaseAddress", "ftp://host")]
    [TestCase("ApiKey", "")]
    [TestCase("ApiKey", "two\nlines")]
    [TestCase("Timeout", "00:00:00")]
    [TestCase("AttemptTimeout", "00:00:04")]
    [TestCase("AdministrationTimeout", "1.00:00:00")]
    [TestCase("MaxRetries", "-1")]
    [TestCase("RetryDelay", "00:00:00")]
    [TestCase("MaxRetryAfter", "00:02:00")]
    [TestCase("CircuitBreak", "00:00:00.1")]
    [TestCase("ConnectionLifetime", "00:00:00")]
    [TestCase("BatchWindow", "00:00:02")]
    [TestCase("MaxBatchSize", "1001")]
    [TestCase("MaxConcurrentBatches", "0")]
    [TestCase("MaxWaitingChecks", "0")]
    [TestCase("MaxLocalDenials", "2")]
    [TestCase("LocalDenialMaxAge", "00:00:00")]
    public void Validate_AWrongValue_NamesTheOption(string option, string value)
    {
        using var services = Services((option, value));

        var exception = Assert.Throws<OptionsValidationException>(() =>
            services.GetRequiredService<IStartupValidator>().Validate()
        );

        Assert.That(exception.Failures, Has.Some.StartsWith($"RateLimiter:{option} must "));
    }

    [Test]
    public void AddRateLimiterClient_ASection_IsBound()
    {
        using var services = Services(("MaxBatchSize", "7"), ("LocalDenials", "false"));

        var options = services.GetRequiredService<IOptions<RateLimiterClientOptions>>().Value;

        Assert.That(options.BaseAddress, Is.EqualTo(new Uri("http://localhost:8000")));
        Assert.That((options.MaxBatchSize, options.LocalDenials), Is.EqualTo((7, false)));
    }

    private static ServiceProvider Services(params (string Option, string Value)[] settings)
    {
        var values = new Dictionary<string, string?>
        {
            ["RateLimiter:BaseAddress"] = "http://localhost:8000",
            ["RateLimiter:ApiKey"] = "rl_key",
        };
        foreach (var (option, value) in settings)
        {
            values[$"RateLimiter:{option}"] = value;
        }

        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var services = new ServiceCollection();
        services.AddRateLimiterClient(configuration.GetSection("RateLimiter"));
        return services.BuildServiceProvider();
    }
}
