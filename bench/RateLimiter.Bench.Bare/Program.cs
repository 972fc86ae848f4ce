using System.Text.Json;

// The baseline of the benchmarks: what MVC costs when it binds a check and returns a decision, and does nothing else.
var builder = WebApplication.CreateBuilder(args);
builder
    .Services.AddControllers()
    .AddJsonOptions(options =>
        options.JsonSerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower
    );

var app = builder.Build();
app.MapControllers();
app.Run();
