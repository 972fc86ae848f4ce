using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RateLimiter.Application;
using RateLimiter.Application.Clients;

namespace RateLimiter.UnitTests.Application.Clients;

public sealed class RegistrationOptionsTests
{
    [Test]
    public void Defaults_NothingConfigured_Are5In60Seconds()
    {
        var options = new RegistrationOptions();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(options.PermitLimit, Is.EqualTo(5));
            Assert.That(options.WindowSeconds, Is.EqualTo(60));
        }
    }

    [TestCase(-1, 60, nameof(RegistrationOptions.PermitLimit))]
    [TestCase(0, 60, null)]
    [TestCase(1_000_000_000, 60, null)]
    [TestCase(1_000_000_001, 60, nameof(RegistrationOptions.PermitLimit))]
    [TestCase(5, 0, nameof(RegistrationOptions.WindowSeconds))]
    [TestCase(5, 1, null)]
    [TestCase(5, 31_536_000, null)]
    [TestCase(5, 31_536_001, nameof(RegistrationOptions.WindowSeconds))]
    public void Validate_Value_NamesTheOptionThatIsOutOfBounds(
        long permits,
        int windowSeconds,
        string? wrong
    )
    {
        Assert.That(
            () => Configured(permits, windowSeconds),
            wrong is null
                ? Throws.Nothing
                : Throws
                    .TypeOf<OptionsValidationException>()
                    .With.Message.Contains($"Registration:{wrong} must be")
        );
    }

    private static RegistrationOptions Configured(long permits, int windowSeconds)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Registration:PermitLimit"] = $"{permits}",
                    ["Registration:WindowSeconds"] = $"{windowSeconds}",
                }
            )
            .Build();
        using var services = new ServiceCollection()
            .AddApplication()
            .AddSingleton<IConfiguration>(configuration)
            .BuildServiceProvider();
        return services.GetRequiredService<IOptions<RegistrationOptions>>().Value;
    }
}
