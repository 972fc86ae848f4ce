using Microsoft.AspNetCore.RateLimiting;

var builder = WebApplication.CreateBuilder(args);

// Set RateLimiter__BaseAddress and RateLimiter__ApiKey in the environment.
builder.Services.AddRateLimiterClient(builder.Configuration.GetSection("RateLimiter"));
builder.Services.AddRateLimiter(options =>
    options.AddServicePolicy(
        "search",
        routeKey: "search",
        // The user: here from a header. Default: the name of the signed-in user, else the caller's address.
        user: context => context.Request.Headers["X-User"],
        // Other subjects that limits of the policy have ("per"). An empty value is missing.
        subjects: context => new Dictionary<string, string>
        {
            ["org"] = $"{context.Request.Headers["X-Organisation"]}",
        }
    )
);

var app = builder.Build();
app.UseRateLimiter();
app.MapGet("/search", () => "Found\n").RequireRateLimiting("search");
app.Run();
